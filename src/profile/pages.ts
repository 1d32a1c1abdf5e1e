import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { compareEvents, type Event } from "../events/event.ts";
import { hash53 } from "../kernel/hash.ts";
import { frame, unframe, wholeOf } from "./frame.ts";
import { IdIndex } from "./ids.ts";
import { packEvents, unpackEvents } from "./lines.ts";
import { packState, type State, unpackState } from "./state.ts";

/** A place in the order of the fold. */
export interface Key {
  time: number;
  id: string;
}

/** What is kept in memory of a page: sealed events that follow each other, with a checkpoint before them or none. */
export interface Page {
  rowid: number;
  first: Key;
  last: Key;
  count: number;
  /** The fingerprint of the definition that the state before the page, which is stored with it, was folded under. */
  checkpoint: string | null;
}

/** Written since the first release; readers of older ones stay here when it moves on. */
const PAGE_FORMAT = 1;
const CHECKPOINT_FORMAT = 1;
const HASHES_FORMAT = 1;

/** Most pages kept decoded while a batch is taken in. */
const RECENT_PAGES = 16;
/** What a page holds at most when it is written, before compression: a row of the platform may have 2 MB. */
const PAGE_BYTES = 512 * 1024;
/** What may be added to a page: of 256 events none makes it much larger than that. */
const ADDED_BYTES = 64 * 1024;
/** Bytes so compressed can be followed by more: the whole says what its parts say. */
const COMPRESSION = { level: 1, finishFlush: constants.Z_SYNC_FLUSH };
const LINE_END = new Uint8Array([0x0a]);

/**
 * The sealed pages of a journal: their rows, and in memory their order and the hashes of their event ids. Rows are
 * read when they are needed. All writes belong in the caller's transaction; when that fails, drop this object.
 */
export class Pages {
  /** In the order of the fold; their ranges do not overlap. */
  readonly list: Page[] = [];
  readonly #sql: SqlStorage;
  readonly #fingerprint: string;
  readonly #ids: IdIndex;
  /** Pages read of late, by row: a retried batch asks for the same page event by event. */
  readonly #recent = new Map<number, Event[]>();
  #nextRow = 1;

  /** Checkpoints are of states under the definition of that fingerprint; others do not count. */
  constructor(sql: SqlStorage, fingerprint: string) {
    this.#sql = sql;
    this.#fingerprint = fingerprint;
    const rows = sql
      .exec<{
        rowid: number;
        first_time: number;
        first_id: string;
        last_time: number;
        last_id: string;
        hashes: ArrayBuffer;
        checkpoint_of: string | null;
      }>(
        `SELECT rowid, first_time, first_id, last_time, last_id, hashes, checkpoint_of
         FROM page`,
      )
      .toArray();
    this.#ids = new IdIndex(rows.reduce((sum, row) => sum + row.hashes.byteLength / 8, 64));
    for (const row of rows) {
      const hashes = readHashes(row.hashes) ?? hashesOf(this.#read("", row.rowid));
      for (const hash of hashes) this.#ids.add(hash, row.rowid);
      this.list.push({
        rowid: row.rowid,
        first: { time: row.first_time, id: row.first_id },
        last: { time: row.last_time, id: row.last_id },
        count: hashes.length,
        checkpoint: row.checkpoint_of,
      });
      this.#nextRow = Math.max(this.#nextRow, row.rowid + 1);
    }
    this.list.sort((a, b) => compareEvents(a.first, b.first));
  }

  static create(sql: SqlStorage): void {
    // Summaries before the blobs: SQLite reads a long row's later columns only when they are asked for.
    sql.exec(`CREATE TABLE IF NOT EXISTS page (
      rowid INTEGER PRIMARY KEY, first_time REAL NOT NULL, first_id TEXT NOT NULL, last_time REAL NOT NULL,
      last_id TEXT NOT NULL, checkpoint_of TEXT, hashes BLOB NOT NULL, events BLOB NOT NULL, checkpoint BLOB)`);
  }

  get last(): Page | undefined {
    return this.list.at(-1);
  }

  /** The stored event of that id, from whichever page. */
  find(user: string, id: string): Event | undefined {
    for (const rowid of this.#ids.find(hash53(id))) {
      const found = this.#read(user, rowid).find((event) => event.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  events(user: string, page: Page): Event[] {
    return this.#read(user, page.rowid);
  }

  /** The state before the page, where one is stored, whole and of this definition. */
  checkpoint(page: Page): State | undefined {
    if (page.checkpoint !== this.#fingerprint) return undefined;
    const { checkpoint } = this.#sql
      .exec<{ checkpoint: ArrayBuffer }>("SELECT checkpoint FROM page WHERE rowid = ?", page.rowid)
      .one();
    // A checkpoint is a cache: a damaged one costs a longer refold and nothing else.
    const packed = wholeOf(CHECKPOINT_FORMAT, checkpoint);
    return packed && unpackState(this.#fingerprint, inflateRawSync(packed, COMPRESSION));
  }

  /** Adds a page at `index` of the order, or as many as the size of the events asks for. */
  insert(index: number, events: readonly Event[], checkpoint: State | undefined): void {
    const rowid = this.#nextRow++;
    const checkpointOf = checkpoint === undefined ? null : this.#fingerprint;
    const packed = checkpoint === undefined ? null : this.#packCheckpoint(checkpoint);
    const [own, rest] = this.#write(rowid, checkpointOf, events, packed);
    this.list.splice(index, 0, own);
    if (rest.length > 0) this.insert(index + 1, rest, undefined);
  }

  /** Writes a page anew with other events, of which those that it has no room for follow it; its checkpoint stays. */
  replace(index: number, events: readonly Event[]): void {
    const page = this.#at(index);
    const { checkpoint } = this.#sql
      .exec<{ checkpoint: ArrayBuffer | null }>("SELECT checkpoint FROM page WHERE rowid = ?", page.rowid)
      .one();
    const [own, rest] = this.#write(page.rowid, page.checkpoint, events, checkpoint);
    this.list[index] = own;
    if (rest.length > 0) this.insert(index + 1, rest, undefined);
  }

  /**
   * Adds events after those of the last page, without reading these. False, and nothing done, when they are large, or
   * when what is stored is damaged.
   */
  extend(events: readonly Event[]): boolean {
    const page = this.#at(this.list.length - 1);
    const packed = packEvents(events);
    if (packed.length > ADDED_BYTES) return false;
    const stored = this.#sql
      .exec<{ hashes: ArrayBuffer; events: ArrayBuffer }>(
        "SELECT hashes, events FROM page WHERE rowid = ?",
        page.rowid,
      )
      .one();
    const hashes = wholeOf(HASHES_FORMAT, stored.hashes);
    const before = wholeOf(PAGE_FORMAT, stored.events);
    if (hashes === undefined || before === undefined) return false;
    const { last, count } = summary(events);
    page.last = last;
    page.count += count;
    this.#recent.delete(page.rowid);
    this.#sql.exec(
      "UPDATE page SET last_time = ?, last_id = ?, hashes = ?, events = ? WHERE rowid = ?",
      last.time,
      last.id,
      frame(HASHES_FORMAT, joined(hashes, this.#hash(events, page.rowid))),
      frame(PAGE_FORMAT, joined(before, compressed(joined(LINE_END, packed)))),
      page.rowid,
    );
    return true;
  }

  setCheckpoint(index: number, state: State): void {
    const page = this.#at(index);
    page.checkpoint = this.#fingerprint;
    this.#sql.exec(
      "UPDATE page SET checkpoint_of = ?, checkpoint = ? WHERE rowid = ?",
      this.#fingerprint,
      this.#packCheckpoint(state),
      page.rowid,
    );
  }

  dropCheckpoint(index: number): void {
    const page = this.#at(index);
    page.checkpoint = null;
    this.#sql.exec("UPDATE page SET checkpoint_of = NULL, checkpoint = NULL WHERE rowid = ?", page.rowid);
  }

  /** Forgets `count` pages from `index` on. Their ids stay in the index until the next wake, and find nothing. */
  drop(index: number, count: number): void {
    for (const page of this.list.splice(index, count)) {
      this.#recent.delete(page.rowid);
      this.#sql.exec("DELETE FROM page WHERE rowid = ?", page.rowid);
    }
  }

  #at(index: number): Page {
    const page = this.list[index];
    if (page === undefined) throw new Error(`page ${index} of ${this.list.length} was asked for`);
    return page;
  }

  /** Writes as many of the events as a page may hold; returns that page, and the events that are left. */
  #write(
    rowid: number,
    checkpointOf: string | null,
    events: readonly Event[],
    checkpoint: Uint8Array | ArrayBuffer | null,
  ): [Page, readonly Event[]] {
    let own = events;
    let packed = packEvents(own);
    while (packed.length > PAGE_BYTES && own.length > 1) {
      own = own.slice(0, own.length >> 1);
      packed = packEvents(own);
    }
    this.#recent.delete(rowid);
    const { first, last, count } = summary(own);
    this.#sql.exec(
      "INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      rowid,
      first.time,
      first.id,
      last.time,
      last.id,
      checkpointOf,
      frame(HASHES_FORMAT, this.#hash(own, rowid)),
      frame(PAGE_FORMAT, compressed(packed)),
      checkpoint,
    );
    return [{ rowid, first, last, count, checkpoint: checkpointOf }, events.slice(own.length)];
  }

  /** Notes the ids of events that a page has now; returns their hashes as they are stored. */
  #hash(events: readonly Event[], rowid: number): Uint8Array {
    const hashes = hashesOf(events);
    for (const hash of hashes) this.#ids.add(hash, rowid);
    return new Uint8Array(hashes.buffer);
  }

  #read(user: string, rowid: number): Event[] {
    const known = this.#recent.get(rowid);
    if (known !== undefined) return known;
    const [row] = this.#sql
      .exec<{ events: ArrayBuffer }>("SELECT events FROM page WHERE rowid = ?", rowid)
      .toArray();
    if (row === undefined) return [];
    const events = unpackEvents(user, inflateRawSync(unframe(PAGE_FORMAT, row.events).payload, COMPRESSION));
    if (this.#recent.size >= RECENT_PAGES) this.#recent.clear();
    this.#recent.set(rowid, events);
    return events;
  }

  /** Lets go of what was kept of pages read: an idle object should hold little memory. */
  release(): void {
    this.#recent.clear();
  }

  #packCheckpoint(state: State): Uint8Array {
    return frame(CHECKPOINT_FORMAT, compressed(packState(this.#fingerprint, state)));
  }
}

function summary(events: readonly Event[]): Pick<Page, "first" | "last" | "count"> {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined) throw new Error("a page without events was to be written");
  return {
    first: { time: first.time, id: first.id },
    last: { time: last.time, id: last.id },
    count: events.length,
  };
}

function compressed(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, COMPRESSION);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function hashesOf(events: readonly Event[]): Float64Array<ArrayBuffer> {
  return Float64Array.from(events, (event) => hash53(event.id));
}

/** The id hashes of a page; undefined when they are damaged, for the events have them as well. */
function readHashes(stored: ArrayBuffer): Float64Array | undefined {
  const payload = wholeOf(HASHES_FORMAT, stored);
  // A copy, because the payload does not lie where doubles may.
  return payload && new Float64Array(new Uint8Array(payload).buffer);
}

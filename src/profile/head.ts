import type { Event } from "../events/event.ts";
import { FrameError, frame, unframe, wholeOf } from "./frame.ts";
import { unpackEvents } from "./lines.ts";
import type { Key } from "./pages.ts";
import { packState, type State, unpackState } from "./state.ts";

/** What is stored of a journal apart from its pages: the newest events, and the state before them. */
export interface StoredHead {
  user: string;
  /** Counts the commits that changed the profile. */
  version: number;
  /** The version of the row `head`; the commits after it only appended. */
  headVersion: number;
  /** The newest event that retention dropped: nothing up to it is taken in any more. */
  horizon: Key | undefined;
  /** The newest events, whole; older ones are in pages. */
  tail: Event[];
  /** Their size as they are stored. */
  tailBytes: number;
  /** The fold of everything before the tail; undefined when it is damaged or of another definition. */
  base: State | undefined;
  /** The packed base, where it is whole and of another definition. */
  outdated: Uint8Array | undefined;
}

/** What the row `head` says of the newest events, which are packed. */
interface Newest {
  version: number;
  horizon: Key | undefined;
  tail: Uint8Array;
}

const BASE_FORMAT = 1;
const TAIL_FORMAT = 1;
const APPENDED_FORMAT = 1;

/** Commits that may follow the row `head` before it is written again. */
export const SLOTS = 64;

/**
 * One row, `head`, has the newest events as they were when it was written. A commit that only appends to them writes a
 * small row beside it, `appended`: those of later versions than `head` continue it. Their places are used again in turn,
 * so that none need be deleted: each commit writes one row of the size of its events.
 */
export function createHead(sql: SqlStorage): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS head (
    rowid INTEGER PRIMARY KEY, version INTEGER NOT NULL, user TEXT NOT NULL, horizon_time REAL, horizon_id TEXT,
    base BLOB NOT NULL, tail BLOB NOT NULL)`);
  sql.exec(`CREATE TABLE IF NOT EXISTS appended (
    slot INTEGER PRIMARY KEY, version INTEGER NOT NULL, events BLOB NOT NULL)`);
}

/** Whether anything was ever stored here: asked before a read, so that a read creates nothing. */
export function hasHead(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'head'").toArray().length > 0;
}

/** Whether this version is stored; asking touches storage, which is what makes a read strongly consistent. */
export function isStored(sql: SqlStorage, version: number, headVersion: number): boolean {
  const rows =
    version === headVersion
      ? sql.exec<{ version: number }>("SELECT version FROM head").toArray()
      : sql
          .exec<{ version: number }>("SELECT version FROM appended WHERE slot = ?", version % SLOTS)
          .toArray();
  return rows[0]?.version === version;
}

/**
 * @throws FrameError when newest events are damaged: they are part of the truth, and only the state can be folded again
 */
export function readHead(sql: SqlStorage, fingerprint: string): StoredHead | undefined {
  const [row] = sql
    .exec<{
      version: number;
      user: string;
      horizon_time: number | null;
      horizon_id: string | null;
      base: ArrayBuffer;
      tail: ArrayBuffer;
    }>("SELECT version, user, horizon_time, horizon_id, base, tail FROM head")
    .toArray();
  if (row === undefined) return undefined;
  const { user, version: headVersion, horizon_time: time, horizon_id: id } = row;
  const packed = wholeOf(BASE_FORMAT, row.base);
  const base = packed === undefined ? undefined : unpackState(fingerprint, packed);
  const { payload } = unframe(TAIL_FORMAT, row.tail);
  const tail = unpackEvents(user, payload);
  const appended = readAppended(sql, user, headVersion, tail);
  return {
    user,
    version: appended.version,
    headVersion,
    horizon: time === null || id === null ? undefined : { time, id },
    tail,
    tailBytes: payload.length + appended.bytes,
    base,
    outdated: base === undefined ? packed : undefined,
  };
}

/** Adds to a tail what was appended after the version of the row `head`; returns the version that this leads to. */
function readAppended(
  sql: SqlStorage,
  user: string,
  headVersion: number,
  tail: Event[],
): { version: number; bytes: number } {
  let version = headVersion;
  let bytes = 0;
  for (const row of sql.exec<{ version: number; events: ArrayBuffer }>(
    "SELECT version, events FROM appended WHERE version > ? ORDER BY version",
    headVersion,
  )) {
    if (row.version !== ++version) throw new FrameError("corrupt", "a commit between two others is missing");
    tail.push(...unpackAppended(user, row.events));
    bytes += row.events.byteLength;
  }
  return { version, bytes };
}

/** Writes the row with another base. */
export function writeHead(
  sql: SqlStorage,
  fingerprint: string,
  { user, version, horizon, base, tail }: Newest & { user: string; base: State },
): void {
  sql.exec(
    "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?, ?)",
    version,
    user,
    horizon?.time ?? null,
    horizon?.id ?? null,
    frame(BASE_FORMAT, packState(fingerprint, base)),
    frame(TAIL_FORMAT, tail),
  );
}

/** Writes the row with another tail; the base stays as it is. */
export function writeTail(sql: SqlStorage, { version, horizon, tail }: Newest): void {
  sql.exec(
    "UPDATE head SET version = ?, horizon_time = ?, horizon_id = ?, tail = ?",
    version,
    horizon?.time ?? null,
    horizon?.id ?? null,
    frame(TAIL_FORMAT, tail),
  );
}

/** Writes that packed events were appended, in one row and statement; at most `SLOTS` times after the row `head`. */
export function writeAppended(sql: SqlStorage, version: number, events: Uint8Array): void {
  sql.exec(
    "INSERT OR REPLACE INTO appended VALUES (?, ?, ?)",
    version % SLOTS,
    version,
    frame(APPENDED_FORMAT, events),
  );
}

/**
 * Forgets the copies that rows of `appended` are after the row `head` was written: of all events, or where one of a row
 * is from `time` or before. What an event's erasure or retention took out must be nowhere.
 */
export function forgetAppended(sql: SqlStorage, time?: number): void {
  if (time === undefined) {
    sql.exec("DELETE FROM appended");
    return;
  }
  const rows = sql.exec<{ slot: number; events: ArrayBuffer }>("SELECT slot, events FROM appended").toArray();
  for (const { slot, events } of rows) {
    if (oldestOf(events) <= time) sql.exec("DELETE FROM appended WHERE slot = ?", slot);
  }
}

/** The time of the oldest event of a copy; one that is damaged is of no use, however new. */
function oldestOf(events: ArrayBuffer): number {
  const whole = wholeOf(APPENDED_FORMAT, events);
  return (whole && unpackEvents("", whole)[0]?.time) ?? Number.NEGATIVE_INFINITY;
}

function unpackAppended(user: string, events: ArrayBuffer): Event[] {
  return unpackEvents(user, unframe(APPENDED_FORMAT, events).payload);
}

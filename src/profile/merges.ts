import type { Event } from "../events/event.ts";
import { parseStored } from "./frame.ts";
import type { Member, Moved } from "./merge-contract.ts";
import type { Key } from "./pages.ts";
import { Shadows } from "./shadows.ts";

/** What a profile is sending away: all of it, or what is of one that was merged into it. */
export interface Moving {
  kind: "merge" | "unmerge";
  /** The profile that sends. */
  user: string;
  /** To which. */
  peer: string;
  epoch: string;
  /**
   * `pending` until the other side has agreed; `sending` until all is there; then a merged profile stays `settled`,
   * and one that gave a part back is `mending` what that part had stood in the way of.
   */
  phase: "pending" | "sending" | "settled" | "mending";
  /** Parcels that have arrived. */
  sent: number;
  position: Position;
}

/** How far the sending is: first the journal, then the shadows. */
export interface Position {
  after?: Key;
  shadow?: { id: string; origin: string };
}

interface MovingRow extends Record<string, SqlStorageValue> {
  kind: Moving["kind"];
  user: string;
  peer: string;
  epoch: string;
  phase: Moving["phase"];
  sent: number;
  position: string;
}

/** Arrivals that are over and remembered, so that their late messages do nothing. */
const REMEMBERED = 200;

/**
 * What a profile knows of merges: whether it is part of another one, which are part of it, and what is on its way.
 * A profile that was never merged has none of the tables and pays one look at the schema a wake. Writes belong in the
 * caller's transaction; when that fails, drop this object.
 */
export class Merges {
  /** What is on its way from here; of a merged profile, where it is. */
  moving: Moving | undefined;
  /** The profiles that were merged into this one, and into those, by name. */
  members: ReadonlyMap<string, Member> = new Map();
  /** Of what is on its way to here, how many parcels have arrived, by epoch. */
  arriving: ReadonlyMap<string, number> = new Map();
  /** Members that are being given back: their events are no longer taken here. */
  leaving: ReadonlySet<string> = new Set();
  /** Events of members, or of its own, that do not count here. */
  readonly shadows: Shadows;
  readonly #sql: SqlStorage;
  #exists: boolean;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#exists = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'merge_moving'").toArray().length > 0;
    this.shadows = new Shadows(sql);
    this.#load();
  }

  /** Whether this profile ever had to do with a merge. */
  get exists(): boolean {
    return this.#exists;
  }

  /** Whether something is on its way to or from here, and the profile not yet what it will be. */
  get isMerging(): boolean {
    return this.arriving.size > 0 || this.leaving.size > 0;
  }

  /** Whether an event that is not here may be on its way to here, or the other side knows what was erased so far. */
  get isUncertain(): boolean {
    return this.arriving.size > 0 || this.moving?.phase === "pending";
  }

  /** Where a profile is that was merged. */
  get moved(): Moved | undefined {
    const { moving } = this;
    return moving?.kind === "merge" && moving.phase !== "pending"
      ? { status: "moved", to: moving.peer }
      : undefined;
  }

  /** Where events of a merged profile belong; undefined when here. */
  astray(origin: string): Moved | undefined {
    if (!this.members.has(origin)) return { status: "moved", to: origin };
    return this.leaving.has(origin) && this.moving ? { status: "moved", to: this.moving.peer } : undefined;
  }

  /** A member and all that were merged into it. */
  branch(name: string): Member[] {
    const found = new Map<string, Member>();
    const root = this.members.get(name);
    if (root !== undefined) found.set(name, root);
    // A Map is walked in the order of insertion, those that are added on the way included.
    for (const { name: into } of found.values()) {
      for (const member of this.members.values()) if (member.into === into) found.set(member.name, member);
    }
    return [...found.values()];
  }

  move(moving: Moving | undefined): void {
    this.#create();
    if (moving === undefined) this.#sql.exec("DELETE FROM merge_moving");
    else {
      const { kind, user, peer, epoch, phase, sent, position } = moving;
      this.#sql.exec(
        "INSERT OR REPLACE INTO merge_moving VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
        kind,
        user,
        peer,
        epoch,
        phase,
        sent,
        JSON.stringify(position),
      );
    }
    this.#load();
  }

  join(members: readonly Member[]): void {
    this.#create();
    for (const { name, into, epoch } of members)
      this.#sql.exec("INSERT OR REPLACE INTO merge_member VALUES (?, ?, ?)", name, into, epoch);
    this.#load();
  }

  part(names: Iterable<string>): void {
    for (const name of names) this.#sql.exec("DELETE FROM merge_member WHERE name = ?", name);
    this.#load();
  }

  /** Whether something of this epoch is to come, or has come. */
  knows(epoch: string): boolean {
    return (
      this.#exists &&
      this.#sql.exec("SELECT 1 FROM merge_arriving WHERE epoch = ?", epoch).toArray().length > 0
    );
  }

  /** Notes that parcels of this epoch will come. */
  expect(epoch: string): void {
    this.#create();
    this.#sql.exec("INSERT INTO merge_arriving (epoch, taken, done) VALUES (?, 0, 0)", epoch);
    this.#sql.exec(
      `DELETE FROM merge_arriving WHERE done = 1 AND number NOT IN
       (SELECT number FROM merge_arriving ORDER BY number DESC LIMIT ?)`,
      REMEMBERED,
    );
    this.#load();
  }

  arrived(epoch: string, number: number, isLast: boolean): void {
    this.#sql.exec(
      "UPDATE merge_arriving SET taken = ?, done = ? WHERE epoch = ?",
      number,
      Number(isLast),
      epoch,
    );
    this.#load();
  }

  /** Keeps an event that does not count here, for the day its profile is taken out again. */
  shadow(user: string, event: Event): void {
    this.#create();
    this.shadows.add(event.origin ?? user, event);
  }

  #load(): void {
    if (!this.#exists) return;
    const sql = this.#sql;
    const [row] = sql.exec<MovingRow>("SELECT * FROM merge_moving").toArray();
    this.moving = row === undefined ? undefined : { ...row, position: parseStored(row.position) };
    const members = sql.exec<{ name: string; into: string; epoch: string }>(
      `SELECT name, "into", epoch FROM merge_member`,
    );
    this.members = new Map(Array.from(members, (member) => [member.name, member]));
    const arriving = sql.exec<{ epoch: string; taken: number }>(
      "SELECT epoch, taken FROM merge_arriving WHERE done = 0",
    );
    this.arriving = new Map(Array.from(arriving, ({ epoch, taken }) => [epoch, taken]));
    const { moving } = this;
    this.leaving = new Set(
      moving?.kind === "unmerge" && moving.phase !== "pending"
        ? this.branch(moving.peer).map(({ name }) => name)
        : [],
    );
  }

  #create(): void {
    if (this.#exists) return;
    const sql = this.#sql;
    sql.exec(`CREATE TABLE merge_moving (rowid INTEGER PRIMARY KEY, kind TEXT NOT NULL, user TEXT NOT NULL,
      peer TEXT NOT NULL, epoch TEXT NOT NULL, phase TEXT NOT NULL, sent INTEGER NOT NULL, position TEXT NOT NULL)`);
    sql.exec(`CREATE TABLE merge_member (name TEXT PRIMARY KEY, "into" TEXT NOT NULL, epoch TEXT NOT NULL)
      WITHOUT ROWID`);
    sql.exec(`CREATE TABLE merge_arriving (number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE,
      taken INTEGER NOT NULL, done INTEGER NOT NULL)`);
    Shadows.create(sql);
    this.#exists = true;
  }
}

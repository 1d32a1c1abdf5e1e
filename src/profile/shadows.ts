import type { Event } from "../events/event.ts";
import { packEvent, unpackEvents } from "./lines.ts";

/** A shadow's place in their order. */
export interface ShadowKey {
  id: string;
  origin: string;
}

/** Most that one profile keeps; those beyond it do not come back when their profile is taken out. */
export const MOST_SHADOWS = 10_000;
const NONE = { id: "", origin: "" };

/**
 * Events that a merged profile holds and does not count: their id is another event's, they lie before the
 * kept history, or they cannot be folded. Each comes back when its profile is taken out again, or
 * counts once what stood in its way has left.
 */
export class Shadows {
  readonly #sql: SqlStorage;
  /** At most so many; undefined until it is asked for. */
  #count: number | undefined;
  /** Likewise the time of the oldest, at the latest. */
  #oldest: number | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  static create(sql: SqlStorage): void {
    sql.exec(`CREATE TABLE merge_shadow (id TEXT NOT NULL, origin TEXT NOT NULL,
      time REAL NOT NULL, event TEXT NOT NULL, PRIMARY KEY (id, origin)) WITHOUT ROWID`);
  }

  /** Keeps an event; the first of an id and origin stays. */
  add(origin: string, event: Event): void {
    this.#count ??= this.#sql
      .exec<{ count: number }>("SELECT count(*) AS count FROM merge_shadow")
      .one().count;
    if (this.#count >= MOST_SHADOWS) return;
    this.#count++;
    if (this.#oldest !== undefined) this.#oldest = Math.min(this.#oldest, event.time);
    this.#sql.exec(
      "INSERT OR IGNORE INTO merge_shadow VALUES (?, ?, ?, ?)",
      event.id,
      origin,
      event.time,
      packEvent({ ...event, origin }),
    );
  }

  /** Forgets all of one id but those of some profiles; false when there are none. */
  erase(id: string, but: ReadonlySet<string>): boolean {
    const rows = this.#sql
      .exec<{ origin: string }>("SELECT origin FROM merge_shadow WHERE id = ?", id)
      .toArray();
    const erased = rows.filter(({ origin }) => !but.has(origin));
    for (const { origin } of erased) this.remove(id, origin);
    return erased.length > 0;
  }

  /** Some shadows after a place of their order; their `origin` is always set. */
  list(after: ShadowKey = NONE, limit = MOST_SHADOWS): Event[] {
    const rows = this.#sql.exec<{ event: string }>(
      "SELECT event FROM merge_shadow WHERE (id, origin) > (?, ?) ORDER BY id, origin LIMIT ?",
      after.id,
      after.origin,
      limit,
    );
    const encoder = new TextEncoder();
    return Array.from(rows).flatMap(({ event }) => unpackEvents("", encoder.encode(event)));
  }

  remove(id: string, origin: string): void {
    this.#count = undefined;
    this.#sql.exec("DELETE FROM merge_shadow WHERE id = ? AND origin = ?", id, origin);
  }

  /** No shadow is from before that time, ms; infinity when there is none. */
  get oldest(): number {
    this.#oldest ??=
      this.#sql.exec<{ time: number | null }>("SELECT min(time) AS time FROM merge_shadow").one().time ??
      Number.POSITIVE_INFINITY;
    return this.#oldest;
  }

  /** Forgets those from before a time. */
  removeBefore(time: number): void {
    if (this.oldest >= time) return;
    this.#count = undefined;
    this.#oldest = undefined;
    this.#sql.exec("DELETE FROM merge_shadow WHERE time < ?", time);
  }

  /** Forgets all of one profile. */
  removeOf(origin: string): void {
    this.#count = undefined;
    this.#sql.exec("DELETE FROM merge_shadow WHERE origin = ?", origin);
  }

  clear(): void {
    this.#count = undefined;
    this.#sql.exec("DELETE FROM merge_shadow");
  }
}

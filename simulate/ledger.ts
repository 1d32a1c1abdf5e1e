import { compareEvents, type Event } from "../src/events/event.ts";
import type { EventsQuery, Receipt } from "../src/profile/contract.ts";
import type { Key } from "../src/profile/pages.ts";
import type { Retention } from "../src/profile/retention.ts";
import { isPoison } from "./behaviour.ts";
import type { Findings } from "./findings.ts";

/**
 * What one profile must hold: of each id the copy that was committed first. It sees what goes into the object and
 * whether it came back, and knows nothing of how the object works; but it is told how far retention has come, and checks
 * that this may be so. What retention has dropped still counts.
 */
export class Ledger {
  readonly #events = new Map<string, Event>();
  readonly #erased = new Set<string>();
  /** What was dropped before the definition changed, and can be folded by no other. */
  readonly #forgotten = new Set<string>();
  /** The newest event that was dropped. */
  horizon: Key | undefined;
  readonly #user: string;
  readonly #findings: Findings;

  /** Changes with everything that changes the profile. */
  edition = 0;

  constructor(user: string, findings: Findings) {
    this.#user = user;
    this.#findings = findings;
  }

  /** All that counts. */
  get events(): Event[] {
    return [...this.#events.values()].filter(({ id }) => !this.#forgotten.has(id));
  }

  isDropped(event: Key): boolean {
    return isUpTo(event, this.horizon);
  }

  /** The ids of what was dropped or erased: nothing of that is stored any more. */
  get gone(): string[] {
    const dropped = [...this.#events.values()].filter((event) => this.isDropped(event));
    return [...dropped.map(({ id }) => id), ...this.#erased];
  }

  get size(): number {
    return this.#events.size;
  }

  /**
   * Enters a batch that was committed, and checks what was said of it. `oldest` is the time before which events are too
   * old; `horizon` where retention has come meanwhile: what lies between there and where it was is decided either way.
   */
  commit(
    batch: readonly Event[],
    receipts: readonly Receipt[],
    oldest = Number.NEGATIVE_INFINITY,
    horizon = this.horizon,
  ): void {
    if (receipts.length !== batch.length)
      this.#findings.different.push(`${this.#user}: ${batch.length} events got ${receipts.length} receipts`);
    batch.forEach((event, i) => {
      const first = this.#events.get(event.id);
      const receipt = receipts[i];
      const found = receipt === undefined ? "nothing" : told(receipt);
      const certain = this.#expect(event, first, oldest, this.horizon);
      const meanwhile = this.#expect(event, first, oldest, horizon);
      const expected = found === meanwhile ? meanwhile : certain;
      if (expected === "applied") this.#enter(event);
      // One that is both may be found to be either first.
      if (found === expected || (found === "rejected" && isPoison(event))) return;
      const text = `${this.#user}: the receipt of ${event.id} says ${found}, not ${expected}`;
      const isIn = found === "duplicate" || found === "conflict";
      if (expected === "applied" && !isIn) this.#findings.lost.push(text);
      else if (found === "applied") this.#findings.double.push(text);
      else this.#findings.different.push(text);
    });
  }

  /**
   * Enters what a batch left behind that was interrupted after some of it was committed, as it is when the events are
   * taken in one by one to find the poison among them; `found` is everything that is listed.
   */
  commitPart(batch: readonly Event[], found: readonly Event[]): void {
    const listed = new Map(found.map((event) => [event.id, event]));
    for (const event of batch) {
      const twin = listed.get(event.id);
      if (twin === undefined || this.#events.has(event.id) || this.#erased.has(event.id) || isPoison(event))
        continue;
      if (textOf(twin) === textOf(event)) this.#enter(event);
    }
  }

  /** Retention has come so far: checks that what it dropped is too old, or that enough has come after it. */
  drop(horizon: Key | undefined, { events, ageMs }: Retention, now: number): void {
    const before = this.horizon;
    if (horizon?.time === before?.time && horizon?.id === before?.id) return;
    this.horizon = horizon;
    const different = (what: string) => this.#findings.different.push(`${this.#user}: ${what}`);
    if (horizon === undefined || isUpTo(horizon, before)) different("the horizon went back");
    else if (!this.#events.has(horizon.id)) different(`${horizon.id} is the horizon and was never committed`);
    else if (ageMs === undefined || horizon.time >= now - ageMs) {
      const after = [...this.#events.values()].filter((event) => !isUpTo(event, horizon)).length;
      if (after < events)
        different(`${horizon.id} was dropped with ${after} events after it, and is not old`);
    }
  }

  /** Another definition begins with the history that was kept when it came. */
  forget(horizon: Key | undefined): void {
    for (const event of this.#events.values()) if (isUpTo(event, horizon)) this.#forgotten.add(event.id);
    this.edition++;
  }

  /** The time of the newest event. */
  get newest(): number {
    return [...this.#events.values()].reduce((newest, { time }) => Math.max(newest, time), 0);
  }

  /** Takes an event out, for good. */
  erase(id: string): void {
    this.#events.delete(id);
    this.edition++;
    this.#erased.add(id);
  }

  /** Checks that an event is in which a client was told is in. */
  checkAcknowledged(id: string): void {
    if (!this.#events.has(id) && !this.#erased.has(id))
      this.#findings.lost.push(`${this.#user}: ${id} was acknowledged and never committed`);
  }

  #enter(event: Event): void {
    this.#events.set(event.id, event);
    this.edition++;
  }

  #expect(event: Event, first: Event | undefined, oldest: number, horizon: Key | undefined): string {
    if (this.#erased.has(event.id)) return "suppressed";
    if (first !== undefined && !isUpTo(first, horizon))
      return bodyOf(first) === bodyOf(event) ? "duplicate" : "conflict";
    if (first !== undefined || event.time < oldest || isUpTo(event, horizon)) return "late";
    return isPoison(event) ? "rejected" : "applied";
  }

  /** The answer that a listing must give, all its pages together: what is kept. */
  list({ name, from, to }: Omit<EventsQuery, "limit" | "cursor">): Event[] {
    return [...this.#events.values()]
      .filter(
        (event) =>
          !this.isDropped(event) &&
          (name === undefined || event.name === name) &&
          (from === undefined || event.time >= from) &&
          (to === undefined || event.time < to),
      )
      .sort((a, b) => compareEvents(b, a));
  }

  /** Compares a whole listing with it. */
  checkList(found: readonly Event[], query: Omit<EventsQuery, "limit" | "cursor">): void {
    const expected = this.list(query);
    const listed = new Map<string, Event>();
    for (const event of found) {
      if (listed.has(event.id)) this.#findings.double.push(`${this.#user}: ${event.id} is listed twice`);
      listed.set(event.id, event);
    }
    for (const event of expected) {
      const twin = listed.get(event.id);
      if (twin === undefined) this.#findings.lost.push(`${this.#user}: ${event.id} is not listed`);
      else if (textOf(twin) !== textOf(event))
        this.#findings.different.push(
          `${this.#user}: ${event.id} is listed as ${textOf(twin)}, not ${textOf(event)}`,
        );
    }
    for (const event of found) {
      if (!this.#events.has(event.id))
        this.#findings.different.push(`${this.#user}: ${event.id} is listed and was never committed`);
    }
    if (
      found.map(({ id }) => id).join() !== expected.map(({ id }) => id).join() &&
      this.#findings.count === 0
    )
      this.#findings.different.push(`${this.#user}: the listing is in another order`);
  }
}

function isUpTo(event: Key, horizon: Key | undefined): boolean {
  return horizon !== undefined && compareEvents(event, horizon) <= 0;
}

function told(receipt: Receipt): string {
  return receipt.status === "duplicate" && receipt.conflict === true ? "conflict" : receipt.status;
}

/** What makes a second event of an id another one; its time may have been corrected. */
function bodyOf({ name, properties, traits }: Event): string {
  return JSON.stringify([name, properties, traits]);
}

function textOf({ id, user, name, time, receivedAt, properties, traits, source }: Event): string {
  return JSON.stringify([id, user, name, time, receivedAt, properties, traits, source]);
}

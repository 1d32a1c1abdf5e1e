import { compareEvents, type Event } from "../src/events/event.ts";
import type { EventsQuery, Receipt } from "../src/profile/contract.ts";
import { isPoison } from "./behaviour.ts";
import type { Findings } from "./findings.ts";

/**
 * What one profile must hold: of each id the copy that was committed first. It sees what goes into the object and
 * whether it came back, and knows nothing of how the object works.
 */
export class Ledger {
  readonly #events = new Map<string, Event>();
  readonly #erased = new Set<string>();
  readonly #user: string;
  readonly #findings: Findings;

  /** Changes with everything that changes the profile. */
  edition = 0;

  constructor(user: string, findings: Findings) {
    this.#user = user;
    this.#findings = findings;
  }

  get events(): Iterable<Event> {
    return this.#events.values();
  }

  get size(): number {
    return this.#events.size;
  }

  /** Enters a batch that was committed, and checks what was said of it. */
  commit(batch: readonly Event[], receipts: readonly Receipt[]): void {
    if (receipts.length !== batch.length)
      this.#findings.different.push(`${this.#user}: ${batch.length} events got ${receipts.length} receipts`);
    batch.forEach((event, i) => {
      const first = this.#events.get(event.id);
      const receipt = receipts[i];
      const found = receipt === undefined ? "nothing" : told(receipt);
      const expected = this.#expect(event, first);
      if (expected === "applied") this.#enter(event);
      if (found === expected) return;
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
      if (twin === undefined || this.#expect(event, this.#events.get(event.id)) !== "applied") continue;
      if (textOf(twin) === textOf(event)) this.#enter(event);
    }
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

  #expect(event: Event, first: Event | undefined): string {
    if (first !== undefined) return bodyOf(first) === bodyOf(event) ? "duplicate" : "conflict";
    if (this.#erased.has(event.id)) return "suppressed";
    return isPoison(event) ? "rejected" : "applied";
  }

  /** The answer that a listing must give, all its pages together. */
  list({ name, from, to }: Omit<EventsQuery, "limit" | "cursor">): Event[] {
    return [...this.#events.values()]
      .filter(
        (event) =>
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

import type { Event } from "../src/events/event.ts";
import type { EventsQuery, Failed, Receipt } from "../src/profile/contract.ts";
import { Keeper } from "../src/profile/keeper.ts";
import { type Engines, InjectedTrap } from "./engines.ts";
import type { Findings } from "./findings.ts";
import { Ledger } from "./ledger.ts";
import { expectedProfile, firstDifference } from "./oracle.ts";
import { type Fault, InjectedFault, SimulatedStorage } from "./storage.ts";
import type { Trace } from "./trace.ts";

/**
 * What can be broken on purpose, to see that it is found: a retry that is not recognised, late events folded where
 * they arrive, a transaction that does not roll back, an answer that does not wait for the commit.
 */
export type Sabotage = "dedupe" | "order" | "transaction" | "acknowledge";

export interface Surroundings {
  engines: Engines;
  /** Engines of their own for the oracle, which never trap. */
  oracle: Engines;
  findings: Findings;
  trace: Trace;
  now: () => number;
  sabotage: Sabotage | undefined;
}

/** Keeps all history: the oracle is then exact. */
const RETENTION = { events: Number.POSITIVE_INFINITY };

/** A profile object: the real Keeper on simulated storage, and beside it a ledger of what it must hold. */
export class SimulatedObject {
  readonly user: string;
  readonly ledger: Ledger;
  /** Which definition it is deployed with. */
  definition = 0;
  readonly #storage: SimulatedStorage;
  readonly #around: Surroundings;
  #keeper: Keeper | undefined;
  #version = 0;
  /** For sabotage only. */
  #seen = new Map<string, number>();
  #newest = Number.NEGATIVE_INFINITY;

  constructor(user: string, around: Surroundings) {
    this.user = user;
    this.#around = around;
    this.ledger = new Ledger(user, around.findings);
    this.#storage = new SimulatedStorage({ rollsBack: around.sabotage !== "transaction" });
  }

  /** Takes a batch in. Undefined when no answer came: the storage failed, the kernel trapped or the process died. */
  ingest(batch: readonly Event[], fault: Fault | undefined): Receipt[] | undefined {
    const events = this.#around.sabotage === undefined ? [...batch] : batch.map((event) => this.#spoil(event));
    const answer = this.#call("ingest", fault, (keeper) => keeper.ingest(this.user, events));
    if (answer === undefined) {
      return this.#around.sabotage === "acknowledge"
        ? batch.map(({ id }) => ({ id, status: "applied" }))
        : undefined;
    }
    this.#see(answer.version);
    this.ledger.commit(batch, answer.receipts);
    return answer.receipts;
  }

  /** Reads the profile and compares it with the oracle's. */
  checkRead(at: number, fault?: Fault): void {
    const { findings, trace, oracle } = this.#around;
    const answer = this.#call("read", fault, (keeper) => keeper.read(this.user, { at }));
    if (answer === undefined) return;
    if (answer.status !== "found") {
      if (answer.status !== "unknown" || this.ledger.size > 0)
        findings.different.push(`${this.user}: the profile is ${answer.status}`);
      return;
    }
    this.#see(answer.version);
    const engine = oracle.get(this.definition);
    const expected = expectedProfile(engine, this.user, this.ledger.events, answer.version, at);
    trace.add(answer.json);
    if (answer.json !== expected)
      findings.different.push(`${this.user} at ${at}: ${firstDifference(answer.json, expected)}`);
  }

  /** Lists events, page by page, and compares them with the ledger. */
  checkList(query: EventsQuery): void {
    const found: Event[] = [];
    let cursor: EventsQuery["cursor"];
    for (let pages = 0; ; pages++) {
      const answer = this.#call("events", undefined, (keeper) =>
        keeper.events(cursor === undefined ? query : { ...query, cursor }),
      );
      if (answer === undefined) return;
      found.push(...answer.events);
      cursor = answer.next;
      if (cursor === undefined) break;
      if (pages > this.ledger.size) {
        this.#around.findings.different.push(`${this.user}: the listing does not end`);
        return;
      }
    }
    this.ledger.checkList(found, query);
  }

  /** Drops what memory holds: the object sleeps, moves or is deployed anew. */
  evict(): void {
    this.#keeper = undefined;
  }

  /** Damages a stored state or checkpoint, which can be folded again from the events; the object notices on wake. */
  damage(pick: (below: number) => number): boolean {
    this.evict();
    const [table, column] = CACHES[pick(CACHES.length)] ?? CACHES[0];
    return this.#storage.damage(table, column, pick);
  }

  close(): void {
    this.#storage.close();
  }

  /** Runs a call with a fault in it, and tells what was meant to happen from what was not. */
  #call<T extends { status: string }>(
    what: string,
    fault: Fault | undefined,
    call: (keeper: Keeper) => T | Failed,
  ): T | undefined {
    const { findings, trace } = this.#around;
    this.#keeper ??= this.#wake();
    this.#storage.arm(fault);
    try {
      const answer = call(this.#keeper);
      this.#storage.arm(undefined);
      trace.add(`${this.user} ${what}: ${JSON.stringify(answer)}`);
      if (!isFailed(answer)) return answer;
      findings.different.push(`${this.user}: ${what} failed with ${answer.code}`);
      return undefined;
    } catch (error) {
      this.#storage.arm(undefined);
      trace.add(`${this.user} ${what}: ${error}`);
      if (error instanceof InjectedFault) {
        if (error.kind === "crash") this.evict();
      } else if (!(error instanceof InjectedTrap)) {
        findings.different.push(`${this.user}: ${what} threw ${error instanceof Error ? error.stack : error}`);
      }
      return undefined;
    }
  }

  #wake(): Keeper {
    const { engines, now } = this.#around;
    return new Keeper({
      storage: this.#storage,
      engine: () => engines.get(this.definition),
      discardEngine: () => engines.discard(this.definition),
      retention: RETENTION,
      now,
    });
  }

  #see(version: number): void {
    if (version < this.#version)
      this.#around.findings.different.push(`${this.user}: version ${version} came after ${this.#version}`);
    this.#version = version;
  }

  #spoil(event: Event): Event {
    switch (this.#around.sabotage) {
      case "dedupe": {
        const times = this.#seen.get(event.id) ?? 0;
        this.#seen.set(event.id, times + 1);
        return times === 0 ? event : { ...event, id: `${event.id}~${times}` };
      }
      case "order":
        this.#newest = Math.max(this.#newest, event.time);
        return { ...event, time: this.#newest };
      default:
        return event;
    }
  }
}

/** Where states are stored: caches, all of them. */
const CACHES = [
  ["head", "state"],
  ["head", "base"],
  ["page", "checkpoint"],
] as const;

function isFailed(answer: { status: string }): answer is Failed {
  return answer.status === "failed";
}

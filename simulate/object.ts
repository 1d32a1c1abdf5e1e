import type { Event } from "../src/events/event.ts";
import type {
  EventsPage,
  EventsQuery,
  Failed,
  Ingested,
  ReadResult,
  Receipt,
} from "../src/profile/contract.ts";
import { FoldError } from "../src/profile/fold.ts";
import { hasHead } from "../src/profile/head.ts";
import { Keeper } from "../src/profile/keeper.ts";
import type { Moved } from "../src/profile/merge-contract.ts";
import type { Key } from "../src/profile/pages.ts";
import { KEEP_ALL, type Retention } from "../src/profile/retention.ts";
import { isPoison } from "./behaviour.ts";
import { type Engines, InjectedTrap } from "./engines.ts";
import type { Findings } from "./findings.ts";
import { Ledger } from "./ledger.ts";
import { expectedProfile, firstDifference } from "./oracle.ts";
import { type Fault, InjectedFault, SimulatedStorage } from "./storage.ts";
import type { Trace } from "./trace.ts";

/**
 * What can be broken on purpose, to see that it is found: a retry that is not recognised, late events folded where
 * they arrive, a transaction that does not roll back, an answer that does not wait for the commit, an engine that
 * stays when another definition is deployed; a horizon that is off by one, a state that is folded again without what was
 * dropped, copies of it that stay, an alarm that does not ring.
 */
export type Sabotage =
  | "dedupe"
  | "order"
  | "transaction"
  | "acknowledge"
  | "stale"
  | "horizon"
  | "history"
  | "copies"
  | "alarm";

export interface Surroundings {
  engines: Engines;
  /** Engines of their own for the oracle, which never trap. */
  oracle: Engines;
  findings: Findings;
  trace: Trace;
  now: () => number;
  /** Asks for a call at a time. */
  at: (time: number, call: () => void) => void;
  /** What befalls an object that is woken. */
  fault: () => Fault | undefined;
  sabotage: Sabotage | undefined;
}

const DAY_MS = 86_400_000;
/** Before an alarm rings again that has failed. */
const RETRY_MS = 2000;

/** A profile object: the real Keeper on simulated storage, and beside it a ledger of what it must hold. */
export class SimulatedObject {
  readonly user: string;
  readonly ledger: Ledger;
  retention: Retention = KEEP_ALL;
  /** Whether the profile was, when it was last read, still folded under the definition before. */
  refolding = false;
  readonly #storage: SimulatedStorage;
  readonly #around: Surroundings;
  #keeper: Keeper | undefined;
  /** The one before, with what its memory held. */
  #older: Keeper | undefined;
  /** Which definition it is deployed with, and which one it was last folded under. */
  #definition = 0;
  #foldedUnder = 0;
  /** How far retention had come when the definition changed. */
  #horizonThen: Key | undefined;
  /** When its alarm rings: it outlives every instance. */
  #alarmAt = Number.POSITIVE_INFINITY;
  #version = 0;
  /** The profile that was expected last, which is often expected again. */
  #expected = { key: "", json: "" };
  /** For sabotage only. */
  #seen = new Map<string, number>();
  #newest = Number.NEGATIVE_INFINITY;

  constructor(user: string, around: Surroundings) {
    this.user = user;
    this.#around = around;
    this.ledger = new Ledger(user, around.findings);
    this.#storage = new SimulatedStorage({
      rollsBack: around.sabotage !== "transaction",
      ...(around.sabotage === "copies" ? { ignores: "DELETE FROM appended" } : {}),
    });
  }

  /**
   * Takes a batch in; with `trap`, the kernel traps in that fold from now. Undefined when no answer came: the storage
   * failed, the kernel trapped or the process died.
   */
  ingest(batch: readonly Event[], fault: Fault | undefined, trap = 0): Receipt[] | undefined {
    const events =
      this.#around.sabotage === undefined ? [...batch] : batch.map((event) => this.#spoil(event));
    const { engines } = this.#around;
    engines.get(this.#definition).kernel.arm(trap);
    const answer = this.#call("ingest", fault, (keeper) => keeper.ingest(this.user, events), tellReceipts);
    engines.get(this.#definition).kernel.arm(0);
    if (answer === undefined) {
      if (trap > 0 || this.#storage.tookEffect || batch.some(isPoison))
        this.ledger.commitPart(batch, this.#list({ limit: 200 }) ?? []);
      this.#observe();
      return this.#around.sabotage === "acknowledge"
        ? batch.map(({ id }) => ({ id, status: "applied" }))
        : undefined;
    }
    if (answer.receipts.some(({ status }) => status === "applied" || status === "duplicate"))
      this.#see(answer.version);
    const { ageMs = Number.POSITIVE_INFINITY } = this.retention;
    this.ledger.commit(batch, answer.receipts, this.#around.now() - ageMs, this.#horizon());
    this.#observe();
    return answer.receipts;
  }

  /** Reads the profile and compares it with the oracle's. */
  checkRead(at: number, fault?: Fault): void {
    const { findings, oracle } = this.#around;
    const answer = this.#call("read", fault, (keeper) => keeper.read({ at }), tellProfile);
    if (answer === undefined) return;
    const isForgotten = at < (this.ledger.horizon?.time ?? at);
    if (answer.status !== "found" || (isForgotten && !isRefolding(answer.json))) {
      if (isForgotten && answer.status === "forgotten") return;
      if (answer.status !== "unknown" || this.ledger.size > 0)
        findings.different.push(`${this.user}: the profile is ${answer.status}`);
      return;
    }
    this.#see(answer.version);
    // While a long history is folded under another definition the profile is what it was before.
    this.refolding = isRefolding(answer.json);
    if (this.refolding) return;
    const engine = oracle.get(this.#definition);
    const key = [this.#definition, this.ledger.edition, answer.version, at].join();
    if (this.#expected.key !== key) {
      const json = expectedProfile(engine, this.user, this.ledger.events, answer.version, at);
      this.#expected = { key, json };
    }
    const expected = this.#expected.json;
    if (answer.json !== expected)
      findings.different.push(`${this.user} at ${at}: ${firstDifference(answer.json, expected)}`);
  }

  /** Lists events, page by page, and compares them with the ledger. */
  checkList(query: EventsQuery): void {
    const found = this.#list(query);
    if (found !== undefined) this.ledger.checkList(found, query);
  }

  /** Checks that nothing is kept longer than it may be, and that what was dropped or erased is in no row. */
  checkKept(): void {
    const { now, findings } = this.#around;
    const found = this.#list({ limit: 200, oldestFirst: true });
    const [oldest] = found ?? [];
    const { ageMs = Number.POSITIVE_INFINITY } = this.retention;
    // What was asked for and is due comes next.
    if (oldest !== undefined && oldest.time + ageMs + DAY_MS < now() && this.#alarmAt > now())
      findings.different.push(`${this.user}: ${oldest.id} is still kept`);
    const rows = this.#storage.texts("head", "tail") + this.#storage.texts("appended", "events");
    for (const id of this.ledger.gone)
      if (rows.includes(`"id":"${id}"`))
        findings.different.push(`${this.user}: ${id} is gone and a copy is stored`);
  }

  /** Another definition is deployed. */
  deploy(definition: number): void {
    // So that it is known whether anything was folded under the present one.
    if (this.#definition !== this.#foldedUnder && this.retention !== KEEP_ALL)
      this.checkRead(this.#around.now());
    this.#definition = definition;
    this.#horizonThen = this.ledger.horizon;
  }

  /** Retention is configured, and the profile touched. */
  configure(retention: Retention): void {
    this.retention = retention;
    this.evict();
    this.checkRead(this.#around.now());
  }

  /** Takes an event out, of those that are in. */
  erase(pick: (below: number) => number, fault: Fault | undefined): void {
    const events = [...this.ledger.events];
    const { id } = events[pick(events.length)] ?? { id: "never-sent" };
    const answer = this.#call("erase", fault, (keeper) => keeper.erase(id), JSON.stringify);
    if (answer === undefined) return;
    const isIn = events.some((event) => event.id === id && !this.ledger.isDropped(event));
    const expected = isIn ? "erased" : "unknown";
    if (answer.status !== expected)
      this.#around.findings.different.push(`${this.user}: ${id} is ${answer.status}, not ${expected}`);
    if (answer.status === "erased") this.ledger.erase(id);
  }

  /** What its alarm does: goes on with a refold in slices, and drops what is too old. */
  tend(fault?: Fault): boolean {
    const tend = (keeper: Keeper) => {
      keeper.tend();
      return { status: "tended" };
    };
    const isDone = this.#call("tend", fault, tend, ({ status }) => status) !== undefined;
    this.#observe();
    this.checkRead(this.#around.now());
    return isDone;
  }

  #wakeAt(time: number): void {
    const { at, sabotage } = this.#around;
    if (time >= this.#alarmAt || (sabotage === "alarm" && this.retention !== KEEP_ALL)) return;
    this.#alarmAt = time;
    at(time, () => this.#ring(time));
  }

  #ring(time: number): void {
    // An earlier one was asked for since.
    if (this.#alarmAt !== time) return;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const { now, fault } = this.#around;
    if (!this.tend(fault())) this.#wakeAt(now() + RETRY_MS);
  }

  /** How far retention has come, by what is stored. */
  #horizon(): Key | undefined {
    this.#storage.arm(undefined);
    return horizonOf(this.#storage.sql);
  }

  #observe(): void {
    this.ledger.drop(this.#horizon(), this.retention, this.#around.now());
  }

  #list(query: EventsQuery): Event[] | undefined {
    const found: Event[] = [];
    let cursor: EventsQuery["cursor"];
    for (let pages = 0; ; pages++) {
      const page = cursor === undefined ? query : { ...query, cursor };
      const answer = this.#call("events", undefined, (keeper) => keeper.events(page), tellEvents);
      if (answer === undefined) return undefined;
      found.push(...answer.events);
      cursor = answer.next;
      if (cursor === undefined) return found;
      if (pages > this.ledger.size) {
        this.#around.findings.different.push(`${this.user}: the listing does not end`);
        return undefined;
      }
    }
  }

  /** Drops what memory holds: the object sleeps, moves or is deployed anew. */
  evict(): void {
    this.#older = this.#keeper ?? this.#older;
    this.#keeper = undefined;
  }

  /** Asks the instance before this one, which does not know yet that it is gone: it must not answer from memory. */
  askOlder(what: "ingest" | "read" | "events", batch: readonly Event[]): void {
    const older = this.#older;
    if (older === undefined || this.#keeper === undefined) return;
    try {
      const { status } =
        what === "ingest"
          ? older.ingest(this.user, [...batch])
          : what === "read"
            ? older.read({})
            : older.events({ limit: 10 });
      this.#around.findings.different.push(
        `${this.user}: an instance that is gone answers ${what}: ${status}`,
      );
    } catch {
      // As it should: the storage is not its own any more.
    }
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
    call: (keeper: Keeper) => T | Moved | Failed,
    tell: (answer: T) => string,
  ): T | undefined {
    const { engines, findings, trace } = this.#around;
    this.#keeper ??= this.#wake();
    this.#storage.arm(fault);
    try {
      const answer = call(this.#keeper);
      this.#storage.arm(undefined);
      if (isMoved(answer)) {
        findings.different.push(`${this.user}: ${what} says that the profile has moved`);
        return undefined;
      }
      if (!isFailed(answer)) {
        if (this.#foldedUnder !== this.#definition) this.ledger.forget(this.#horizonThen);
        this.#foldedUnder = this.#definition;
        trace.add(`${this.user} ${what}: ${tell(answer)}`);
        return answer;
      }
      findings.different.push(`${this.user}: ${what} failed with ${answer.code}`);
      return undefined;
    } catch (error) {
      trace.add(`${this.user} ${what}: ${error}`);
      if (error instanceof InjectedFault) {
        if (error.kind === "crash") this.evict();
      } else if (!(error instanceof FoldError && error.cause instanceof InjectedTrap)) {
        findings.different.push(
          `${this.user}: ${what} threw ${error instanceof Error ? error.stack : error}`,
        );
      }
      return undefined;
    } finally {
      if (engines.misused) findings.different.push(`${this.user}: ${what} used a kernel that had trapped`);
    }
  }

  #wake(): Keeper {
    const { engines, now, sabotage } = this.#around;
    if (sabotage === "horizon" && this.ledger.horizon !== undefined)
      this.#storage.sql.exec("UPDATE head SET horizon_time = ?", this.ledger.horizon.time - 1);
    if (sabotage === "history")
      for (const [table, column] of CACHES) this.#storage.damage(table, column, () => 0);
    return new Keeper({
      storage: this.#storage.open(),
      engine: () => engines.get(sabotage === "stale" ? 0 : this.#definition),
      discardEngine: () => engines.discard(this.#definition),
      wakeAt: (time) => this.#wakeAt(time),
      retention: this.retention,
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
  ["head", "base"],
  ["page", "checkpoint"],
] as const;

function horizonOf(sql: SqlStorage): Key | undefined {
  if (!hasHead(sql)) return undefined;
  const [row] = sql
    .exec<{ time: number | null; id: string | null }>(
      "SELECT horizon_time AS time, horizon_id AS id FROM head",
    )
    .toArray();
  return row?.time == null || row.id === null ? undefined : { time: row.time, id: row.id };
}

const isRefolding = (profile: string) => /"refolding":\{[^{}]*\}\}$/.test(profile);

function tellReceipts({ version, receipts }: Ingested): string {
  return `${receipts.map(({ id, status }) => `${id} ${status}`).join(", ")}; version ${version}`;
}

function tellProfile(answer: ReadResult): string {
  if (answer.status !== "found") return answer.status;
  // The digest is of the whole state.
  return `version ${answer.version}, ${/"definition":"[^"]*","digest":"[^"]*"/.exec(answer.json)?.[0]}`;
}

function tellEvents({ events, next }: EventsPage): string {
  return `${events.map(({ id }) => id).join(" ")}; next ${next?.id}`;
}

function isMoved(answer: { status: string }): answer is Moved {
  return answer.status === "moved";
}

function isFailed(answer: { status: string }): answer is Failed {
  return answer.status === "failed";
}

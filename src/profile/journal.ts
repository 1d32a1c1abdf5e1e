import { compareEvents, type Event } from "../events/event.ts";
import type { Receipt } from "./contract.ts";
import type { Engine } from "./engine.ts";
import { foldEvents } from "./fold.ts";
import { createHead, hasHead, readHead, type StoredHead, writeHead, writeTail } from "./head.ts";
import { keepDefinition, keptEngine, keptFingerprint } from "./outdated.ts";
import type { Key } from "./pages.ts";
import { Sealed } from "./sealed.ts";
import { freshState, type State, unpackState } from "./state.ts";
import { Suppressed } from "./suppressed.ts";

/** How much history is kept. */
export interface Retention {
  /** Events, at least this many; whole pages go. */
  events: number;
  /** Older events go, and are late when they come; none do without it. */
  ageMs?: number;
}

/** Events in the head before they are sealed: one more row is written every this many single events. */
const TAIL_EVENTS = 64;
/** Most pages that one listing of events reads. */
const LISTED_PAGES = 32;
/** Events that are folded again at once; a longer history takes several touches. */
const SLICE_EVENTS = 16_384;

/** How far a refold in slices is. */
export interface Refolding {
  done: number;
  total: number;
}

/**
 * A user's events, each once and in the order of the fold, and the states folded from them. The events are the truth:
 * a state can always be folded again. Methods that write belong in a `transactionSync`; when that throws, drop the
 * journal and open another, for this one's memory is then ahead of the disk.
 */
export class Journal {
  readonly user: string;
  version: number;
  /** With every event; and the engine that it was folded by. */
  shown: { engine: Engine; state: State };
  /** Set while a long history is folded under another definition: what is shown is of the one before. */
  refolding: Refolding | undefined;
  readonly #sql: SqlStorage;
  readonly #engine: Engine;
  readonly #sealed: Sealed;
  readonly #suppressed: Suppressed;
  /** Of the definition that is kept beside a long history. */
  #kept: string | undefined;
  #horizon: Key | undefined;
  /** The newest events, and the state before them. */
  #tail: Event[];
  #base: State;

  private constructor(sql: SqlStorage, engine: Engine, head: StoredHead | undefined, user: string) {
    this.#sql = sql;
    this.#engine = engine;
    this.user = head?.user ?? user;
    this.#sealed = new Sealed(sql, engine, this.user);
    this.#suppressed = new Suppressed(sql);
    this.version = head?.version ?? 0;
    this.#horizon = head?.horizon;
    this.#tail = head?.tail ?? [];
    if (this.count > SLICE_EVENTS) this.#kept = keptFingerprint(sql);
    this.#base = head?.base ?? this.#fresh();
    this.shown = { engine, state: head?.state ?? this.#base };
    if (head !== undefined && (head.base === undefined || head.state === undefined)) this.#refold(head);
  }

  /** The journal stored here; undefined when there is none. May write: it refolds a state that does not fit. */
  static open(sql: SqlStorage, engine: Engine): Journal | undefined {
    const head = hasHead(sql) ? readHead(sql, engine.compiled.fingerprint) : undefined;
    return head === undefined ? undefined : new Journal(sql, engine, head, head.user);
  }

  /** An empty journal; nothing is stored until events come. */
  static create(sql: SqlStorage, engine: Engine, user: string): Journal {
    createHead(sql);
    Sealed.create(sql);
    return new Journal(sql, engine, undefined, user);
  }

  /** Whether it was folded, or is being folded, by this engine. */
  isFor(engine: Engine): boolean {
    return this.#engine.compiled === engine.compiled && this.#engine.kernel === engine.kernel;
  }

  /** How many events are kept. */
  get count(): number {
    return this.#sealed.count + this.#tail.length;
  }

  /** Takes events in, in any order; a receipt for each, in theirs. Writes one row, and one more for each sealed page. */
  ingest(events: readonly Event[], retention: Retention, now: number): Receipt[] {
    const known = new Map(this.#tail.map((event) => [event.id, event]));
    const fresh: Event[] = [];
    const receipts = events.map((event): Receipt => {
      const { id } = event;
      const first = known.get(id) ?? this.#sealed.find(id);
      if (first !== undefined) {
        return { id, status: "duplicate", ...(sameBody(first, event) ? {} : { conflict: true }) };
      }
      if (this.#suppressed.has(id)) return { id, status: "suppressed", code: "event-erased", detail: ERASED };
      const late = this.#late(event, retention, now);
      if (late !== undefined) return { id, status: "late", code: "past-retention", detail: late };
      known.set(id, event);
      fresh.push(event);
      return { id, status: "applied" };
    });
    if (fresh.length > 0) {
      this.#add(fresh.sort(compareEvents));
      if (this.refolding === undefined) this.#prune(retention, now);
      this.#commit();
    }
    this.#sealed.release();
    return receipts;
  }

  /** Takes an event out as if it had never come, and turns it away for good; false when it is not here. */
  erase(id: string): boolean {
    const index = this.#tail.findIndex((event) => event.id === id);
    if (index >= 0) this.#tail.splice(index, 1);
    else {
      const changed = this.#sealed.remove(id);
      if (changed === undefined) return false;
      this.#sealedChanged(changed);
    }
    this.#suppressed.add(id);
    if (this.refolding === undefined) this.#foldTail();
    this.#commit();
    this.#sealed.release();
    return true;
  }

  /** Goes on with a refold by `most` events, and ends it when all are folded. */
  resume(most = SLICE_EVENTS): void {
    const resumed = this.#sealed.resume(most);
    this.#sealed.release();
    if ("done" in resumed) {
      this.refolding = { done: resumed.done, total: this.count };
      return;
    }
    this.refolding = undefined;
    this.#base = resumed.state;
    this.#foldTail();
    this.#commit();
  }

  /** The state as of `time`: every kept event up to it. Undefined when part of that history is no longer kept. */
  stateAt(time: number): State | undefined {
    const last = this.#tail.at(-1);
    if (last === undefined || last.time <= time || this.refolding !== undefined) return this.shown.state;
    if (this.#horizon !== undefined && time < this.#horizon.time) return undefined;
    const upTo = this.#tail.filter((event) => event.time <= time);
    return upTo.length > 0 ? this.#fold(this.#base, upTo) : this.#sealed.stateAt(time);
  }

  /**
   * The state that would be with more events, up to `time`; ids that are known already do not count. Under a draft
   * of a definition all kept history is folded. Nothing is written.
   */
  preview(events: readonly Event[], time: number, draft?: Engine): State {
    const known = new Set(this.#tail.map((event) => event.id));
    const fresh = events
      .filter((event) => !known.has(event.id) && this.#sealed.find(event.id) === undefined)
      .filter((event) => this.#horizon === undefined || compareEvents(event, this.#horizon) > 0)
      .concat(this.#tail)
      .filter((event) => event.time <= time)
      .sort(compareEvents);
    const sealed = draft === undefined ? this.#sealed : new Sealed(this.#sql, draft, this.user);
    return sealed.stateAt(time, fresh);
  }

  /**
   * Events newest first, at most `limit`, that pass `filter` and lie before `before` and within the times. Reads a
   * bounded number of pages: `next` is where to go on, also when nothing was found yet.
   */
  list(
    filter: (event: Event) => boolean,
    limit: number,
    from: number,
    before: Key | undefined,
  ): { events: Event[]; next?: Key } {
    const found: Event[] = [];
    const take = (events: readonly Event[]): Key | undefined => {
      for (let i = events.length - 1; i >= 0; i--) {
        const event = events[i];
        if (event === undefined || (before !== undefined && compareEvents(event, before) >= 0)) continue;
        if (event.time < from) return undefined;
        if (!filter(event)) continue;
        if (found.length === limit) return keyOf(found.at(-1));
        found.push(event);
      }
      return undefined;
    };
    const { pages } = this.#sealed;
    let next = take(this.#tail);
    let read = 0;
    for (let i = pages.length - 1; i >= 0 && next === undefined; i--) {
      const page = pages[i];
      if (page === undefined || page.last.time < from) break;
      if (before !== undefined && compareEvents(page.first, before) >= 0) continue;
      if (read++ === LISTED_PAGES) {
        // Everything from the page after this one on was seen.
        next = pages[i + 1]?.first;
        break;
      }
      next = take(this.#sealed.events(page));
    }
    this.#sealed.release();
    return next === undefined ? { events: found } : { events: found, next };
  }

  /** Why an event lies before the kept history, or undefined. */
  #late(event: Event, retention: Retention, now: number): string | undefined {
    if (this.#horizon !== undefined && compareEvents(event, this.#horizon) <= 0) {
      return "the event is older than the kept history of this profile";
    }
    if (retention.ageMs !== undefined && event.time < now - retention.ageMs) {
      return `the event is older than the ${Math.round(retention.ageMs / 86_400_000)} days that are kept`;
    }
    return undefined;
  }

  /** Puts new, sorted events in their places and folds: onto the state when they come last, else from a checkpoint. */
  #add(fresh: readonly Event[]): void {
    const sealed = this.#sealed.last;
    const early = sealed === undefined ? [] : fresh.filter((event) => compareEvents(event, sealed) < 0);
    const recent = early.length === 0 ? fresh : fresh.slice(early.length);
    if (early.length > 0) this.#sealedChanged(this.#sealed.insert(early));
    const last = this.#tail.at(-1);
    const [first] = recent;
    const appended =
      early.length === 0 && (last === undefined || (first !== undefined && compareEvents(first, last) > 0));
    this.#tail = appended ? [...this.#tail, ...recent] : [...this.#tail, ...recent].sort(compareEvents);
    if (this.refolding !== undefined) return;
    if (appended && this.#tail.length <= TAIL_EVENTS) {
      this.shown = { engine: this.#engine, state: this.#fold(this.shown.state, recent) };
    } else this.#foldTail();
  }

  /** What is sealed changed from a page on: folds it again, now or when the refold under way comes there. */
  #sealedChanged(page: number): void {
    if (this.refolding === undefined) this.#base = this.#sealed.refold(page);
    else this.#sealed.forgetAfter(page);
  }

  /** Folds the tail over what is before it; a tail that is too long is sealed but for its end. */
  #foldTail(): void {
    if (this.#tail.length > TAIL_EVENTS) {
      const sealing = Math.floor((this.#tail.length - 1) / TAIL_EVENTS) * TAIL_EVENTS;
      this.#base = this.#sealed.seal(this.#tail.splice(0, sealing), this.#base);
    }
    this.shown = { engine: this.#engine, state: this.#fold(this.#base, this.#tail) };
  }

  /** A state that is damaged, or of another definition, is folded again: at once, or shown as it was meanwhile. */
  #refold({ outdated }: StoredHead): void {
    const old = outdated === undefined ? undefined : keptEngine(this.#sql, this.#engine.kernel);
    const state =
      old === undefined || outdated === undefined
        ? undefined
        : unpackState(old.compiled.fingerprint, outdated);
    if (old === undefined || state === undefined) this.resume(Number.POSITIVE_INFINITY);
    else {
      this.shown = { engine: old, state };
      this.resume();
    }
  }

  #prune(retention: Retention, now: number): void {
    const { ageMs, events } = retention;
    const oldest = this.#sealed.prune(
      (page, after) =>
        after + this.#tail.length >= events || (ageMs !== undefined && page.last.time < now - ageMs),
    );
    if (oldest !== undefined) this.#horizon = oldest;
  }

  #commit(): void {
    this.version++;
    const head = { user: this.user, version: this.version, horizon: this.#horizon, tail: this.#tail };
    if (this.refolding !== undefined) {
      writeTail(this.#sql, head);
      return;
    }
    const { compiled } = this.#engine;
    writeHead(this.#sql, compiled.fingerprint, { ...head, base: this.#base, state: this.shown.state });
    if (this.count > SLICE_EVENTS && this.#kept !== compiled.fingerprint) {
      keepDefinition(this.#sql, compiled);
      this.#kept = compiled.fingerprint;
    }
  }

  #fold(state: State, events: readonly Event[]): State {
    return foldEvents(this.#engine.kernel, this.#engine.compiled, state, events);
  }

  #fresh(): State {
    return freshState(this.#engine.kernel, this.#engine.compiled);
  }
}

const ERASED = "the event was erased from this profile, and stays out";

function keyOf(event: Event | undefined): Key {
  if (event === undefined) throw new Error("an event was expected");
  return { time: event.time, id: event.id };
}

/** Whether two events of one id say the same. Time is left out: clients correct it anew with each retry. */
function sameBody(a: Event, b: Event): boolean {
  return (
    a.name === b.name &&
    JSON.stringify(a.properties) === JSON.stringify(b.properties) &&
    JSON.stringify(a.traits) === JSON.stringify(b.traits)
  );
}

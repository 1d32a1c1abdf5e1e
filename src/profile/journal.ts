import { compareEvents, type Event } from "../events/event.ts";
import type { Receipt } from "./contract.ts";
import type { Engine } from "./engine.ts";
import { foldEvents } from "./fold.ts";
import { createHead, hasHead, readHead, writeHead } from "./head.ts";
import { type Key, type Page, Pages } from "./pages.ts";
import { freshState, type State } from "./state.ts";

/** How much history is kept. */
export interface Retention {
  /** Events, at least this many; whole pages go. */
  events: number;
  /** Older events go, and are late when they come; none do without it. */
  ageMs?: number;
}

/** Events in the head before they are sealed: one more row is written every this many single events. */
export const TAIL_EVENTS = 64;
/** Most events of a page: large ones compress better, small ones are quicker to change. */
const PAGE_EVENTS = 256;
/** A page carries a checkpoint when this many events follow the one before it. */
const CHECKPOINT_EVENTS = 1024;
/** Most pages that one listing of events reads. */
const LISTED_PAGES = 32;

/**
 * A user's events, each once and in the order of the fold, and the states folded from them. The events are the truth:
 * a state can always be folded again. Methods that write belong in a `transactionSync`; when that throws, drop the
 * journal and open another, for this one's memory is then ahead of the disk.
 */
export class Journal {
  readonly user: string;
  version: number;
  /** With every event. */
  state: State;
  readonly #sql: SqlStorage;
  readonly #engine: Engine;
  readonly #pages: Pages;
  #horizon: Key | undefined;
  /** The newest events, and the state before them. */
  #tail: Event[];
  #base: State;

  private constructor(sql: SqlStorage, engine: Engine, user: string) {
    this.#sql = sql;
    this.#engine = engine;
    this.#pages = new Pages(sql, engine.compiled.fingerprint);
    const head = readHead(sql, engine.compiled.fingerprint);
    this.user = head?.user ?? user;
    this.version = head?.version ?? 0;
    this.#horizon = head?.horizon;
    this.#tail = head?.tail ?? [];
    if (head === undefined) {
      this.#base = this.#fresh();
      this.state = this.#base;
    } else if (head.base !== undefined && head.state !== undefined) {
      this.#base = head.base;
      this.state = head.state;
    } else {
      // Damaged, or folded under another definition.
      this.#base = this.#refold(0);
      this.state = this.#fold(this.#base, this.#tail);
      this.version++;
      this.#write();
    }
  }

  /** The journal stored here; undefined when there is none. May write: it refolds a state that does not fit. */
  static open(sql: SqlStorage, engine: Engine): Journal | undefined {
    return hasHead(sql) ? new Journal(sql, engine, "") : undefined;
  }

  /** An empty journal; nothing is stored until events come. */
  static create(sql: SqlStorage, engine: Engine, user: string): Journal {
    createHead(sql);
    Pages.create(sql);
    return new Journal(sql, engine, user);
  }

  /** Takes events in, in any order; a receipt for each, in theirs. Writes one row, and one more for each sealed page. */
  ingest(events: readonly Event[], retention: Retention, now: number): Receipt[] {
    const known = new Map(this.#tail.map((event) => [event.id, event]));
    const fresh: Event[] = [];
    const receipts = events.map((event): Receipt => {
      const first = known.get(event.id) ?? this.#pages.find(this.user, event.id);
      if (first !== undefined) {
        return { id: event.id, status: "duplicate", ...(sameBody(first, event) ? {} : { conflict: true }) };
      }
      const late = this.#late(event, retention, now);
      if (late !== undefined) return { id: event.id, status: "late", code: "past-retention", detail: late };
      known.set(event.id, event);
      fresh.push(event);
      return { id: event.id, status: "applied" };
    });
    if (fresh.length > 0) {
      this.#add(fresh.sort(compareEvents));
      this.#prune(retention, now);
      this.version++;
      this.#write();
    }
    this.#pages.release();
    return receipts;
  }

  /** The state as of `time`: every kept event up to it. Undefined when part of that history is no longer kept. */
  stateAt(time: number): State | undefined {
    const last = this.#tail.at(-1);
    if (last === undefined || last.time <= time) return this.state;
    if (this.#horizon !== undefined && time < this.#horizon.time) return undefined;
    const pages = this.#pages.list;
    let index = pages.findLastIndex((page) => page.first.time <= time);
    if (index === pages.length - 1) {
      const upTo = this.#tail.filter((event) => event.time <= time);
      if (upTo.length > 0) return this.#fold(this.#base, upTo);
    }
    if (index < 0) return this.#fresh();
    const end = index;
    let state: State | undefined;
    for (; state === undefined && index >= 0; index--) state = this.#before(index);
    for (index++; index <= end; index++) {
      const page = pages[index];
      if (page === undefined || state === undefined)
        throw new Error(`page ${index} of ${pages.length} was expected`);
      state = this.#fold(
        state,
        this.#pages.events(this.user, page).filter((event) => event.time <= time),
      );
    }
    return state;
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
    let next = take(this.#tail);
    let read = 0;
    for (let i = this.#pages.list.length - 1; i >= 0 && next === undefined; i--) {
      const page = this.#pages.list[i];
      if (page === undefined || page.last.time < from) break;
      if (before !== undefined && compareEvents(page.first, before) >= 0) continue;
      if (read++ === LISTED_PAGES) {
        // Everything from the page after this one on was seen.
        const after = this.#pages.list[i + 1];
        if (after !== undefined) next = after.first;
        break;
      }
      next = take(this.#pages.events(this.user, page));
    }
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
    const sealed = this.#pages.last?.last;
    const early = sealed === undefined ? [] : fresh.filter((event) => compareEvents(event, sealed) < 0);
    const recent = early.length === 0 ? fresh : fresh.slice(early.length);
    if (early.length > 0) this.#base = this.#refold(this.#insert(early));
    const last = this.#tail.at(-1);
    const [first] = recent;
    const appended =
      early.length === 0 && (last === undefined || (first !== undefined && compareEvents(first, last) > 0));
    this.#tail = appended ? [...this.#tail, ...recent] : [...this.#tail, ...recent].sort(compareEvents);
    if (this.#tail.length > TAIL_EVENTS) this.#seal();
    else if (appended) {
      this.state = this.#fold(this.state, recent);
      return;
    }
    this.state = this.#fold(this.#base, this.#tail);
  }

  /** Moves the oldest events of a full tail into pages. */
  #seal(): void {
    let left = Math.floor((this.#tail.length - 1) / TAIL_EVENTS) * TAIL_EVENTS;
    let sinceCheckpoint = 0;
    for (let i = this.#pages.list.length - 1; i >= 0; i--) {
      const page = this.#pages.list[i];
      sinceCheckpoint += page?.count ?? 0;
      if (page?.checkpoint) break;
    }
    while (left > 0) {
      const events = this.#tail.splice(0, Math.min(left, PAGE_EVENTS));
      left -= events.length;
      const due = this.#pages.list.length === 0 || sinceCheckpoint >= CHECKPOINT_EVENTS;
      this.#pages.insert(this.#pages.list.length, events, due ? this.#base : undefined);
      sinceCheckpoint = due ? events.length : sinceCheckpoint + events.length;
      this.#base = this.#fold(this.#base, events);
    }
  }

  /** Puts events among sealed ones; returns the first page that changed. A page that grows too large is split. */
  #insert(early: readonly Event[]): number {
    const pages = this.#pages.list;
    let firstChanged = pages.length;
    let from = early.length;
    for (let index = pages.length - 1; from > 0; index--) {
      const page = pages[index];
      if (page === undefined) throw new Error("an event lies before the first page and was not taken by it");
      let start = from;
      while (start > 0 && (index === 0 || compareEvents(keyOf(early[start - 1]), page.first) >= 0)) start--;
      if (start === from) continue;
      const events = [...this.#pages.events(this.user, page), ...early.slice(start, from)].sort(
        compareEvents,
      );
      const parts = Math.ceil(events.length / PAGE_EVENTS);
      const size = Math.ceil(events.length / parts);
      this.#pages.replace(index, events.slice(0, size));
      for (let part = 1; part < parts; part++) {
        this.#pages.insert(index + part, events.slice(part * size, (part + 1) * size), undefined);
      }
      firstChanged = index;
      from = start;
    }
    return firstChanged;
  }

  /**
   * Folds the pages again from the nearest checkpoint at or before `changed`, whose own checkpoint still holds, and
   * writes those after it anew. Returns the state after the last page.
   */
  #refold(changed: number): State {
    const pages = this.#pages.list;
    let start = Math.min(changed, pages.length - 1);
    let state: State | undefined;
    for (; start >= 0 && state === undefined; start--) state = this.#before(start);
    if (state === undefined) return this.#fresh();
    start++;
    let sinceCheckpoint = 0;
    for (let index = start; index < pages.length; index++) {
      const page = pages[index];
      if (page === undefined) break;
      const due = page.checkpoint || sinceCheckpoint >= CHECKPOINT_EVENTS;
      if (due) sinceCheckpoint = 0;
      if (due && (index > changed || this.#pages.checkpoint(page) === undefined))
        this.#pages.setCheckpoint(index, state);
      sinceCheckpoint += page.count;
      state = this.#fold(state, this.#pages.events(this.user, page));
    }
    return state;
  }

  /** The state before a page, if it is at hand. */
  #before(index: number): State | undefined {
    const page = this.#pages.list[index];
    const stored = page === undefined ? undefined : this.#pages.checkpoint(page);
    if (stored !== undefined || index > 0) return stored;
    // The first page's checkpoint is damaged or of another definition: what was folded before it and is no longer
    // kept cannot be folded again, and the profile begins with the kept history.
    return this.#fresh();
  }

  /** Drops the oldest pages that retention no longer wants; what they left in the state stays there. */
  #prune(retention: Retention, now: number): void {
    const pages: readonly Page[] = this.#pages.list;
    let total = pages.reduce((sum, page) => sum + page.count, this.#tail.length);
    let count = 0;
    for (const page of pages) {
      const tooMany = total - page.count >= retention.events;
      const tooOld = retention.ageMs !== undefined && page.last.time < now - retention.ageMs;
      if (!tooMany && !tooOld) break;
      total -= page.count;
      count++;
    }
    const lastDropped = pages[count - 1];
    if (lastDropped === undefined) return;
    if (count < pages.length && !pages[count]?.checkpoint) {
      // The fold must be able to start at the first kept page.
      let start = count;
      let state: State | undefined;
      for (; state === undefined && start >= 0; start--) state = this.#before(start);
      for (const page of pages.slice(start + 1, count)) {
        if (state !== undefined) state = this.#fold(state, this.#pages.events(this.user, page));
      }
      if (state !== undefined) this.#pages.setCheckpoint(count, state);
    }
    this.#horizon = lastDropped.last;
    this.#pages.drop(count);
  }

  #write(): void {
    writeHead(this.#sql, this.#engine.compiled.fingerprint, {
      user: this.user,
      version: this.version,
      horizon: this.#horizon,
      tail: this.#tail,
      base: this.#base,
      state: this.state,
    });
  }

  #fold(state: State, events: readonly Event[]): State {
    return foldEvents(this.#engine.kernel, this.#engine.compiled, state, events);
  }

  #fresh(): State {
    return freshState(this.#engine.kernel, this.#engine.compiled);
  }
}

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

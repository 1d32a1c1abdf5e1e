import { compareEvents, type Event } from "../events/event.ts";
import type { Engine } from "./engine.ts";
import { foldEvents } from "./fold.ts";
import { type Key, type Page, Pages } from "./pages.ts";
import { freshState, type State } from "./state.ts";

/** Most events of a page: large ones compress better, small ones are quicker to change. */
const PAGE_EVENTS = 256;
/** A page carries a checkpoint when this many events follow the one before it. */
const CHECKPOINT_EVENTS = 1024;

/** Where the fold begins anew after events have left: at a page or, when none is left, after a state. */
export type Left = { page: number } | { base: State };

/**
 * The sealed part of a journal: all events but the newest, in pages, with checkpoints from which to fold. What a
 * method returns as `changed` is the first page at which the fold must begin anew: hand it to `refold`.
 */
export class Sealed {
  readonly #engine: Engine;
  readonly #user: string;
  readonly #pages: Pages;

  constructor(sql: SqlStorage, engine: Engine, user: string) {
    this.#engine = engine;
    this.#user = user;
    this.#pages = new Pages(sql, engine.compiled.fingerprint);
  }

  static create(sql: SqlStorage): void {
    Pages.create(sql);
  }

  /** The place of the newest sealed event. */
  get last(): Key | undefined {
    return this.#pages.list.at(-1)?.last;
  }

  get count(): number {
    return this.#pages.list.reduce((sum, page) => sum + page.count, 0);
  }

  get pages(): readonly Page[] {
    return this.#pages.list;
  }

  find(id: string): Event | undefined {
    return this.#pages.find(this.#user, id);
  }

  events(page: Page): Event[] {
    return this.#pages.events(this.#user, page);
  }

  release(): void {
    this.#pages.release();
  }

  /** Adds events after all others, `before` being the state that they follow; returns the state after them. */
  seal(events: readonly Event[], before: State): State {
    const { list } = this.#pages;
    let sinceCheckpoint = 0;
    for (let i = list.length - 1; i >= 0; i--) {
      sinceCheckpoint += list[i]?.count ?? 0;
      if (list[i]?.checkpoint) break;
    }
    let state = before;
    for (let from = 0; from < events.length; ) {
      const due = list.length === 0 || sinceCheckpoint >= CHECKPOINT_EVENTS;
      const room = due ? 0 : PAGE_EVENTS - (list.at(-1)?.count ?? PAGE_EVENTS);
      let part = events.slice(from, from + Math.max(0, room));
      if (part.length === 0 || !this.#pages.extend(part)) {
        part = events.slice(from, from + PAGE_EVENTS);
        this.#pages.insert(list.length, part, due ? state : undefined);
      }
      sinceCheckpoint = due ? part.length : sinceCheckpoint + part.length;
      state = this.#fold(state, part);
      from += part.length;
    }
    return state;
  }

  /** Puts events, all before the newest sealed one, in their places. A page that grows too large is split. */
  insert(early: readonly Event[]): number {
    const { list } = this.#pages;
    let changed = list.length;
    let from = early.length;
    for (let index = list.length - 1; from > 0; index--) {
      const page = list[index];
      if (page === undefined) throw new Error("an event lies before the first page and was not taken by it");
      let start = from;
      while (start > 0 && (index === 0 || !isBefore(early[start - 1], page.first))) start--;
      if (start === from) continue;
      const events = [...this.events(page), ...early.slice(start, from)].sort(compareEvents);
      const parts = Math.ceil(events.length / PAGE_EVENTS);
      const size = Math.ceil(events.length / parts);
      for (let part = parts - 1; part > 0; part--) {
        this.#pages.insert(index + 1, events.slice(part * size, (part + 1) * size), undefined);
      }
      this.#pages.replace(index, events.slice(0, size));
      changed = index;
      from = start;
    }
    return changed;
  }

  /** Takes an event out; undefined when it is not here. */
  remove(id: string): Left | undefined {
    const event = this.find(id);
    if (event === undefined) return undefined;
    const { list } = this.#pages;
    const index = list.findLastIndex((page) => !isBefore(event, page.first));
    const page = list[index];
    if (page === undefined) throw new Error("an event was found in a page and no page holds its place");
    return this.#shrink(
      index,
      this.events(page).filter((other) => other.id !== id),
    );
  }

  /** Takes out all events of which `gone` holds; undefined when there are none. */
  removeWhere(gone: (event: Event) => boolean): Left | undefined {
    const { list } = this.#pages;
    let left: Left | undefined;
    for (let index = list.length - 1; index >= 0; index--) {
      const page = list[index];
      if (page === undefined) throw new Error(`page ${index} of ${list.length} is missing`);
      const events = this.events(page);
      const kept = events.filter((event) => !gone(event));
      if (kept.length < events.length) left = this.#shrink(index, kept);
    }
    return left;
  }

  /** Leaves fewer events in a page, or no page. */
  #shrink(index: number, events: readonly Event[]): Left {
    const { list } = this.#pages;
    if (events.length > 0) {
      this.#pages.replace(index, events);
      return { page: index };
    }
    // What came before the page now comes before the next one.
    const before = this.#before(index);
    this.#pages.drop(index, 1);
    if (list.length === 0) return { base: before ?? freshState(this.#engine.kernel, this.#engine.compiled) };
    if (before !== undefined && index < list.length) this.#pages.setCheckpoint(index, before);
    return { page: before === undefined ? index - 1 : index };
  }

  /**
   * Folds again from the nearest checkpoint at or before the page `changed`, whose own checkpoint still holds, and
   * writes those after it anew. Returns the state after the last page; `list.length` refolds only what is missing.
   */
  refold(changed: number): State {
    const { state, index } = this.#nearest(changed);
    return this.#foldPages(state, index, changed, Number.POSITIVE_INFINITY).state;
  }

  /**
   * The same in slices: folds at most about `most` events further than the slices before, whose last checkpoint tells
   * where they stopped. The state after the last page once all is done; before, how many events are.
   */
  resume(most: number): { state: State } | { done: number } {
    const { list } = this.#pages;
    const { state, index } = this.#nearest(list.length);
    const folded = this.#foldPages(state, index, list.length, most);
    if (folded.index === list.length) return { state: folded.state };
    this.#pages.setCheckpoint(folded.index, folded.state);
    return { done: list.slice(0, folded.index).reduce((sum, page) => sum + page.count, 0) };
  }

  /** Makes `resume` begin again at a page that has changed. */
  forgetAfter(changed: number): void {
    this.#pages.list.forEach((page, index) => {
      if (index > changed && page.checkpoint === this.#engine.compiled.fingerprint)
        this.#pages.dropCheckpoint(index);
    });
  }

  /** The state with every sealed event up to `time`, and of `more`, which are sorted and sealed nowhere. */
  stateAt(time: number, more: readonly Event[] = []): State {
    const { list } = this.#pages;
    const [first] = more;
    const from = Math.min(time, first?.time ?? Number.POSITIVE_INFINITY);
    let { state, index } = this.#nearest(
      Math.max(
        0,
        list.findLastIndex((page) => page.first.time <= from),
      ),
    );
    let taken = 0;
    for (; index < list.length; index++) {
      const page = list[index];
      if (page === undefined || page.first.time > time) break;
      const own = this.events(page).filter((event) => event.time <= time);
      let until = taken;
      while (until < more.length && isBefore(more[until], page.last)) until++;
      const events = until === taken ? own : [...own, ...more.slice(taken, until)].sort(compareEvents);
      taken = until;
      state = this.#fold(state, events);
    }
    return this.#fold(state, more.slice(taken));
  }

  /**
   * Drops the oldest pages, as long as there are enough events after each, and all events before a time; what they
   * left in the state stays there. Returns the newest event dropped.
   */
  prune(isEnough: (eventsAfter: number) => boolean, from: number): Key | undefined {
    const page = this.#dropPages(isEnough, from);
    return this.#trim(from) ?? page;
  }

  #dropPages(isEnough: (eventsAfter: number) => boolean, from: number): Key | undefined {
    const { list } = this.#pages;
    let after = this.count;
    let count = 0;
    for (const page of list) {
      after -= page.count;
      if (page.last.time >= from && !isEnough(after)) break;
      count++;
    }
    const newest = list[count - 1];
    if (newest === undefined) return undefined;
    if (count < list.length && this.#before(count) === undefined) {
      // The fold must be able to start at the first kept page.
      const { state, index } = this.#nearest(count - 1);
      const kept = list
        .slice(index, count)
        .reduce((folded, page) => this.#fold(folded, this.events(page)), state);
      this.#pages.setCheckpoint(count, kept);
    }
    this.#pages.drop(0, count);
    return newest.last;
  }

  /** Takes out of the first page what is before a time. */
  #trim(from: number): Key | undefined {
    const [page] = this.#pages.list;
    if (page === undefined || page.first.time >= from) return undefined;
    const events = this.events(page);
    const kept = events.filter(({ time }) => time >= from);
    const old = events.slice(0, events.length - kept.length);
    const state = this.#fold(this.#nearest(0).state, old);
    this.#pages.replace(0, kept);
    this.#pages.setCheckpoint(0, state);
    return old.at(-1);
  }

  /** Folds from page `index` on until `most` events are reached; checkpoints after `changed` are written anew. */
  #foldPages(from: State, start: number, changed: number, most: number): { state: State; index: number } {
    const { list } = this.#pages;
    let state = from;
    let index = start;
    let folded = 0;
    let sinceCheckpoint = 0;
    for (; index < list.length && folded < most; index++) {
      const page = list[index];
      if (page === undefined) break;
      const due = page.checkpoint !== null || sinceCheckpoint >= CHECKPOINT_EVENTS;
      if (due) sinceCheckpoint = 0;
      if (due && (index > changed || this.#before(index) === undefined))
        this.#pages.setCheckpoint(index, state);
      sinceCheckpoint += page.count;
      folded += page.count;
      state = this.#fold(state, this.events(page));
    }
    return { state, index };
  }

  /** The nearest state at or before a page, and the page that it comes before. */
  #nearest(index: number): { state: State; index: number } {
    const { list } = this.#pages;
    for (let i = Math.min(index, list.length - 1); i >= 0; i--) {
      const state = this.#before(i);
      if (state !== undefined) return { state, index: i };
    }
    // The first page's checkpoint is damaged or of another definition: what was folded before it and is no longer
    // kept cannot be folded again, and the profile begins with the kept history.
    return { state: freshState(this.#engine.kernel, this.#engine.compiled), index: 0 };
  }

  #before(index: number): State | undefined {
    const page = this.#pages.list[index];
    return page === undefined ? undefined : this.#pages.checkpoint(page);
  }

  #fold(state: State, events: readonly Event[]): State {
    return foldEvents(this.#engine.kernel, this.#engine.compiled, state, events);
  }
}

function isBefore(event: Event | undefined, key: Key): boolean {
  if (event === undefined) throw new Error("an event was expected");
  return compareEvents(event, key) < 0;
}

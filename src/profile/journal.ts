import { compareEvents, type Event } from "../events/event.ts";
import { type Admitted, admit } from "./admission.ts";
import type { Engine } from "./engine.ts";
import { foldEvents } from "./fold.ts";
import {
  createHead,
  forgetAppended,
  hasHead,
  isStored,
  readHead,
  SLOTS,
  type StoredHead,
  writeAppended,
  writeHead,
  writeTail,
} from "./head.ts";
import { packEvents } from "./lines.ts";
import { type Listed, type Listing, listEvents } from "./listing.ts";
import { keepDefinition, keptEngine, keptFingerprint } from "./outdated.ts";
import type { Key } from "./pages.ts";
import { keptFrom, type Retention } from "./retention.ts";
import { type Left, Sealed } from "./sealed.ts";
import { type Slice, sliceAfter } from "./slices.ts";
import { freshState, type State, unpackState } from "./state.ts";
import { Suppressed } from "./suppressed.ts";
import { Tail } from "./tail.ts";

/** Events in the head before they are sealed: one more row is written every this many single events. */
const TAIL_EVENTS = 64;
/** The same for large events, in bytes: a row of the platform may have 2 MB. */
const TAIL_BYTES = 256 * 1024;
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
  readonly suppressed: Suppressed;
  /** Of the definition that is kept beside a long history. */
  #kept: string | undefined;
  /** The newest event that retention dropped: nothing up to it is taken in any more. */
  horizon: Key | undefined;
  /** The version when the newest events were last written together. */
  #headVersion: number;
  /** The newest events, and the state before them. */
  readonly #tail: Tail;
  #tailBytes: number;
  #base: State;
  /** The base that is stored, while it is the same: then a commit writes the tail alone. */
  #storedBase: State | undefined;
  /** While `refolding`: what was before the tail under the definition that is shown. */
  #shownBase: State | undefined;

  private constructor(sql: SqlStorage, engine: Engine, head: StoredHead | undefined, user: string) {
    this.#sql = sql;
    this.#engine = engine;
    this.user = head?.user ?? user;
    this.#sealed = new Sealed(sql, engine, this.user);
    this.suppressed = new Suppressed(sql);
    this.version = head?.version ?? 0;
    this.#headVersion = head?.headVersion ?? 0;
    this.horizon = head?.horizon;
    this.#tail = new Tail(head?.tail);
    this.#tailBytes = head?.tailBytes ?? 0;
    if (this.count > SLICE_EVENTS) this.#kept = keptFingerprint(sql);
    this.#base = head?.base ?? this.#fresh();
    this.#storedBase = head?.base;
    this.shown = { engine, state: this.#base };
    if (head === undefined) return;
    if (head.base === undefined) this.#refold(head.outdated);
    else this.#show();
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

  /** Whether storage has this version, and no other instance wrote another. */
  get isCurrent(): boolean {
    return isStored(this.#sql, this.version, this.#headVersion);
  }

  /** How many events are kept. */
  get count(): number {
    return this.#sealed.count + this.#tail.events.length;
  }

  /** The time of the oldest event that is kept. */
  get oldest(): number | undefined {
    return (this.#sealed.pages[0]?.first ?? this.#tail.events[0])?.time;
  }

  /**
   * The time at which a read is evaluated: the whole second, for what decay changes within one is less than is told;
   * but not before the newest event, where that is in the same second.
   */
  secondOf(now: number): number {
    const newest = (this.#tail.events.at(-1) ?? this.#sealed.last)?.time ?? 0;
    return Math.max(Math.floor(now / 1000) * 1000, Math.min(now, newest));
  }

  /** What becomes of events, as `admission.ts` says. Changes nothing. */
  admit(events: readonly Event[], retention: Retention, now: number): Admitted {
    const admitted = admit(events, this, retention, now);
    this.#sealed.release();
    return admitted;
  }

  /**
   * Takes in what was admitted, if that is one statement, as it nearly always is: the events come last, and there is room
   * for them. Else nothing is done, and it is false.
   */
  append(fresh: readonly Event[], retention: Retention): boolean {
    if (!this.#isAppend(fresh, retention)) return false;
    const packed = packEvents(fresh);
    if (this.#tailBytes + packed.length > TAIL_BYTES) return false;
    this.#tailBytes += packed.length;
    const { engine, state } = this.shown;
    this.shown = { engine, state: foldEvents(engine.kernel, engine.compiled, state, fresh) };
    this.#tail.append(fresh);
    this.version++;
    writeAppended(this.#sql, this.version, packed);
    return true;
  }

  /** Takes in what was admitted, wherever it belongs. */
  add(fresh: readonly Event[], retention: Retention, now: number): void {
    if (fresh.length === 0 || this.append(fresh, retention)) return;
    this.#insert(fresh);
    const dropped = this.#drop(retention, now);
    this.#commit();
    if (dropped !== undefined) forgetAppended(this.#sql, dropped.time);
    this.#sealed.release();
  }

  /** Drops what is not kept any longer. */
  prune(retention: Retention, now: number): void {
    const dropped = this.#drop(retention, now);
    if (dropped === undefined) return;
    this.#commit();
    forgetAppended(this.#sql, dropped.time);
    this.#sealed.release();
  }

  /** The event of that id. */
  find(id: string): Event | undefined {
    return this.#tail.find(id) ?? this.#sealed.find(id);
  }

  /** Takes an event out as if it had never come, and turns it away for good; false when it is not here. */
  erase(id: string): boolean {
    if (this.find(id) === undefined) return false;
    this.suppressed.add(id);
    this.withdraw(id);
    return true;
  }

  /** Takes an event out that is here. */
  withdraw(id: string): void {
    if (this.#tail.find(id) !== undefined)
      this.#tail.replace(this.#tail.events.filter((event) => event.id !== id));
    else this.#leave(this.#sealed.remove(id));
    this.mark();
  }

  /** Takes out all events of which `gone` holds. What retention dropped before stays in the state. */
  removeWhere(gone: (event: Event) => boolean): void {
    this.#leave(this.#sealed.removeWhere(gone));
    const { events } = this.#tail;
    const kept = events.filter((event) => !gone(event));
    if (kept.length < events.length) this.#tail.replace(kept);
    this.mark();
  }

  /** Events to be moved elsewhere: those that `belong`, from a place of the order on. */
  slice(after: Key | undefined, belongs: (event: Event) => boolean): Slice {
    return sliceAfter(this.#tail.events, this.#sealed, after, belongs);
  }

  /** Writes what is there as another version: something of the profile changed, be it not in the tail. */
  mark(): void {
    this.#show();
    this.#commit();
    forgetAppended(this.#sql);
    this.#sealed.release();
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
    this.#shownBase = undefined;
    this.shown = { engine: this.#engine, state: resumed.state };
    this.#base = resumed.state;
    this.#keepNewest(this.#tail.events);
    this.#show();
    this.#commit();
  }

  /** The state as of `time`: every kept event up to it. Undefined when part of that history is no longer kept. */
  stateAt(time: number): State | undefined {
    if (this.refolding !== undefined) return this.shown.state;
    if (this.horizon !== undefined && time < this.horizon.time) return undefined;
    const last = this.#tail.events.at(-1) ?? this.#sealed.last;
    if (last === undefined || last.time <= time) return this.shown.state;
    const upTo = this.#tail.events.filter((event) => event.time <= time);
    return upTo.length > 0 || this.#sealed.last === undefined
      ? this.#fold(this.#base, upTo)
      : this.#sealed.stateAt(time);
  }

  /**
   * The state that would be with more events, up to `time`; ids that are known already do not count. Under a draft
   * of a definition all kept history is folded. Nothing is written.
   */
  preview(events: readonly Event[], time: number, draft?: Engine): State {
    const known = new Set(this.#tail.events.map((event) => event.id));
    const fresh = events
      .filter((event) => !known.has(event.id) && this.#sealed.find(event.id) === undefined)
      .filter((event) => this.horizon === undefined || compareEvents(event, this.horizon) > 0)
      .concat(this.#tail.events)
      .filter((event) => event.time <= time)
      .sort(compareEvents);
    if (draft !== undefined) return new Sealed(this.#sql, draft, this.user).stateAt(time, fresh);
    return this.#sealed.last === undefined
      ? this.#fold(this.#base, fresh)
      : this.#sealed.stateAt(time, fresh);
  }

  /** Events, as `listing.ts` says. */
  list(query: Listing): Listed {
    return listEvents(this.#tail.events, this.#sealed, query);
  }

  #isAppend(fresh: readonly Event[], retention: Retention): boolean {
    const [first] = fresh;
    const { events } = this.#tail;
    const hasRoom = events.length + fresh.length <= TAIL_EVENTS && this.version - this.#headVersion < SLOTS;
    if (first === undefined || !hasRoom || this.refolding !== undefined || this.#storedBase !== this.#base)
      return false;
    const last = events.at(-1) ?? this.#sealed.last;
    // Retention by age need not be looked at, for it comes by alarm; which is asked for when the first event is written,
    // and that is with the head.
    if (last === undefined || compareEvents(first, last) <= 0) return false;
    const [page] = this.#sealed.pages;
    return page === undefined || this.count - page.count < retention.events;
  }

  /** Puts new, sorted events in their places, and folds. */
  #insert(fresh: readonly Event[]): void {
    const sealed = this.#sealed.last;
    const early = sealed === undefined ? [] : fresh.filter((event) => compareEvents(event, sealed) < 0);
    if (early.length > 0) this.#sealedChanged(this.#sealed.insert(early));
    const newest = [...this.#tail.events, ...fresh.slice(early.length)].sort(compareEvents);
    if (this.refolding === undefined) this.#keepNewest(newest);
    else this.#tail.replace(newest);
    this.#show();
  }

  /** What is sealed changed from a page on: folds it again, now or when the refold under way comes there. */
  #sealedChanged(page: number): void {
    if (this.refolding === undefined) this.#base = this.#sealed.refold(page);
    else this.#sealed.forgetAfter(page);
  }

  #leave(left: Left | undefined): void {
    if (left === undefined) return;
    if ("page" in left) this.#sealedChanged(left.page);
    else if (this.refolding === undefined) this.#base = left.base;
  }

  /** Keeps events in the tail, and seals the older ones of more than fit. */
  #keepNewest(events: readonly Event[]): void {
    this.#seal(events, Math.max(0, Math.floor((events.length - 1) / TAIL_EVENTS) * TAIL_EVENTS));
  }

  /** Seals the first `count` of the newest events; the rest are the tail. */
  #seal(events: readonly Event[], count: number): void {
    if (count > 0) this.#base = this.#sealed.seal(events.slice(0, count), this.#base);
    this.#tail.replace(events.slice(count));
  }

  /** Folds the tail over what is before it. */
  #show(): void {
    const { engine } = this.shown;
    const base = this.#shownBase ?? this.#base;
    this.shown = { engine, state: foldEvents(engine.kernel, engine.compiled, base, this.#tail.events) };
  }

  /** A state that is damaged, or of another definition, is folded again: at once, or shown as it was meanwhile. */
  #refold(outdated: Uint8Array | undefined): void {
    const old = outdated === undefined ? undefined : keptEngine(this.#sql, this.#engine.kernel);
    const base =
      old === undefined || outdated === undefined
        ? undefined
        : unpackState(old.compiled.fingerprint, outdated);
    if (old === undefined || base === undefined) {
      this.resume(Number.POSITIVE_INFINITY);
      return;
    }
    this.shown = { engine: old, state: base };
    this.#shownBase = base;
    this.resume();
    if (this.refolding !== undefined) this.#show();
  }

  /**
   * Drops pages with enough events after them, and all that is too old, without writing the head; returns the newest
   * event of that. What is dropped stays in the state: the base moves on over it. While a refold needs the history, and
   * has no state yet to put in its place, none of it goes.
   */
  #drop(retention: Retention, now: number): Key | undefined {
    if (this.refolding !== undefined) return undefined;
    const from = keptFrom(this.user, retention, now);
    const { events } = this.#tail;
    const sealed = this.#sealed.prune((after) => after + events.length >= retention.events, from);
    const kept = events.filter(({ time }) => time >= from);
    const old = events.slice(0, events.length - kept.length);
    if (old.length > 0) {
      this.#base = this.#fold(this.#base, old);
      this.#tail.replace(kept);
    }
    const newest = old.at(-1) ?? sealed;
    if (newest !== undefined) this.horizon = { time: newest.time, id: newest.id };
    return newest;
  }

  #commit(): void {
    let tail = packEvents(this.#tail.events);
    if (tail.length > TAIL_BYTES) {
      if (this.refolding !== undefined) {
        // Nothing can be sealed before its end.
        this.resume(Number.POSITIVE_INFINITY);
        return;
      }
      this.#seal(this.#tail.events, this.#tail.events.length);
      tail = packEvents(this.#tail.events);
    }
    this.#tailBytes = tail.length;
    this.version++;
    this.#headVersion = this.version;
    const newest = { version: this.version, horizon: this.horizon, tail };
    if (this.refolding !== undefined || this.#storedBase === this.#base) {
      writeTail(this.#sql, newest);
      return;
    }
    const { compiled } = this.#engine;
    writeHead(this.#sql, compiled.fingerprint, { ...newest, user: this.user, base: this.#base });
    this.#storedBase = this.#base;
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

import type { Event } from "../events/event.ts";
import type {
  ErasedResult,
  EventsPage,
  EventsQuery,
  Failed,
  Ingested,
  Looked,
  PreviewRequest,
  PreviewResult,
  RankRequest,
  RankResult,
  ReadOptions,
  ReadResult,
  Receipt,
} from "./contract.ts";
import type { Engine } from "./engine.ts";
import { FoldError, foldEvents } from "./fold.ts";
import { FrameError } from "./frame.ts";
import { Journal } from "./journal.ts";
import type { Moved } from "./merge-contract.ts";
import { Merges } from "./merges.ts";
import { type Ground, listEvents, lookAt, previewProfile, rankCandidates, readProfile } from "./reading.ts";
import { dropAt, KEEP_ALL, keptFrom, type Retention } from "./retention.ts";
import { freshState } from "./state.ts";
import { Suppressed } from "./suppressed.ts";

/** Where a profile is kept: the storage of a Durable Object, or what a simulation has for one. */
export interface Place {
  storage: Pick<DurableObjectStorage, "sql" | "transactionSync">;
  /** The kernel and the definition; asked for anew each time, because both may change. */
  engine: () => Engine;
  /** Called when the kernel has trapped: its memory may be half-written. */
  discardEngine: () => void;
  /** Asks for a call of `tend` at a time, ms: durable once the writes of this turn are. */
  wakeAt: (time: number) => void;
  retention: Retention;
  /** ms. */
  now: () => number;
}

/** What a transaction leaves in memory, and its answer. */
interface Outcome<T> {
  journal: Journal | undefined;
  value: T;
}

/** What is done with the journal, if there is one. */
type Work<T> = (engine: Engine, journal: Journal | undefined) => Outcome<T>;

/** What a transaction of a room beside this one works on. */
export interface Held {
  readonly journal: Journal | undefined;
  readonly merges: Merges;
  /** What was erased: there may be that without any journal. */
  readonly suppressed: Suppressed;
  /** The journal, an empty one where there was none. */
  open(user: string): Journal;
  readonly retention: Retention;
  readonly now: number;
}

/** Between two slices of a long refold, for others to have their turn. */
const SLICE_PAUSE_MS = 20;

/** Keeps one user's profile: the single writer of the user's journal. */
export class Keeper {
  readonly #place: Place;
  /**
   * What memory holds of the journal. Storage is asked before it is believed; but an append need not ask, because a
   * write of an instance that has lost its storage is not let through.
   */
  #journal: Journal | undefined;
  #merges: Merges | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  /** What is stored of merges. Its memory is believed: only this instance's writes are let through. */
  get merges(): Merges {
    this.#merges ??= new Merges(this.#place.storage.sql);
    return this.#merges;
  }

  /** Takes events in; `origin` is the profile they were sent to, where that is one that was merged into this. */
  ingest(user: string, sent: Event[], origin?: string): Ingested | Moved | Failed {
    const { merges } = this;
    const moved = merges.moved ?? (origin === undefined ? undefined : merges.astray(origin));
    if (moved !== undefined) return moved;
    const events = origin === undefined ? sent : sent.map((event) => ({ ...event, user, origin }));
    try {
      return this.#ingest(user, events);
    } catch (error) {
      if (!(error instanceof FoldError)) throw error;
    }
    // An event, or the history itself, cannot be folded. If it is the history, this throws, and nothing is decided.
    this.resume();
    return this.#ingestSound(user, events);
  }

  /** Takes in what can be folded: what traps even alone is left out, and the rest goes in together. */
  #ingestSound(user: string, events: Event[]): Ingested | Failed {
    const isSound = events.map((event) => this.#folds(event));
    const taken = this.#ingestHalves(
      user,
      events.filter((_, i) => isSound[i]),
    );
    if (taken.status === "failed") return taken;
    const decided = taken.receipts.values();
    const receipts = events.map(
      ({ id }, i): Receipt => (isSound[i] ? (decided.next().value ?? poison(id)) : poison(id)),
    );
    return { ...taken, receipts };
  }

  /** Whether the kernel folds an event onto nothing; it costs no storage to find out. */
  #folds(event: Event): boolean {
    const { kernel, compiled } = this.#place.engine();
    try {
      foldEvents(kernel, compiled, freshState(kernel, compiled), [event]);
      return true;
    } catch (error) {
      if (!(error instanceof FoldError)) throw error;
      this.#place.discardEngine();
      return false;
    }
  }

  /** Takes events in together; those that trap where they fall are found by halves. */
  #ingestHalves(user: string, events: Event[]): Ingested | Failed {
    try {
      return this.#ingest(user, events);
    } catch (error) {
      if (!(error instanceof FoldError)) throw error;
    }
    const [only] = events;
    if (events.length === 1 && only !== undefined) {
      return { status: "ingested", version: 0, receipts: [poison(only.id)] };
    }
    const half = events.length >> 1;
    const first = this.#ingestHalves(user, events.slice(0, half));
    if (first.status === "failed") return first;
    const second = this.#ingestHalves(user, events.slice(half));
    if (second.status === "failed") return second;
    const version = Math.max(first.version, second.version);
    return { status: "ingested", version, receipts: [...first.receipts, ...second.receipts] };
  }

  #ingest(user: string, events: Event[]): Ingested | Failed {
    const { storage, engine } = this.#place;
    const { merges } = this;
    const retention = this.#retention;
    const now = this.#place.now();
    const known = this.#journal;
    if (known?.isFor(engine()) && known.refolding === undefined) {
      // Most commits are one statement, which is a transaction by itself: all is computed before it, and when it fails
      // nothing has happened but in memory, which is dropped.
      const appended = this.#guard((): Ingested | undefined => {
        const { receipts, fresh } = known.admit(events, retention, now);
        if (merges.exists && fresh.length < events.length) return undefined;
        if (!known.append(fresh, retention)) return undefined;
        return { status: "ingested", version: known.version, receipts };
      });
      if (appended !== undefined) return appended;
    }
    return this.#transaction((current, found): Outcome<Ingested> => {
      const journal = found ?? Journal.create(storage.sql, current, user);
      const { receipts, fresh } = journal.admit(events, retention, now);
      if (this.merges.exists) this.#shadow(journal, events, receipts);
      journal.add(fresh, retention, now);
      return { journal, value: { status: "ingested", version: journal.version, receipts } };
    });
  }

  /** An event whose id is that of an event of another of the merged profiles comes back when these are parted. */
  #shadow(journal: Journal, events: readonly Event[], receipts: readonly Receipt[]): void {
    events.forEach((event, i) => {
      if (receipts[i]?.status !== "duplicate") return;
      const first = journal.find(event.id);
      if (first !== undefined && first.origin !== event.origin) this.merges.shadow(journal.user, event);
    });
  }

  read(options: ReadOptions): ReadResult | Moved | Failed {
    return this.#answer((ground) => readProfile(ground, options));
  }

  /** The profile as {@link read} answers it now, before it is JSON. */
  look(): Looked | Moved | Failed {
    return this.#answer(lookAt);
  }

  preview(user: string, request: PreviewRequest): PreviewResult | Moved | Failed {
    return this.#answer((ground) => previewProfile(ground, user, request));
  }

  events(query: EventsQuery): EventsPage | Moved | Failed {
    return this.#answer((ground) => listEvents(ground, query));
  }

  rank(request: RankRequest): RankResult | Moved | Failed {
    return this.#answer((ground) => rankCandidates(ground, request));
  }

  /** The version that memory holds; undefined when it holds none. */
  get version(): number | undefined {
    return this.#journal?.version;
  }

  /**
   * Takes an event out as if it had never come; again is harmless. One that is not here is unknown, unless it is
   * `expected`: then it is turned away when it comes.
   */
  erase(eventId: string, expected = false): ErasedResult | Moved | Failed {
    if (this.merges.moved !== undefined) return this.merges.moved;
    return this.#transaction((_, journal): Outcome<ErasedResult | Moved> => {
      const { merges } = this;
      if (merges.isUncertain) return { journal, value: { status: "merging" } };
      const origin = merges.exists ? journal?.find(eventId)?.origin : undefined;
      const moved = origin === undefined ? undefined : merges.astray(origin);
      if (moved !== undefined) return { journal, value: moved };
      const parts = [...merges.members.keys()].filter((name) => !merges.leaving.has(name));
      const wasHidden = merges.exists && merges.shadows.erase(eventId, merges.leaving);
      const wasHere = journal?.erase(eventId) === true || wasHidden;
      const suppressed = journal?.suppressed ?? new Suppressed(this.#place.storage.sql);
      if (!wasHere && !expected && !suppressed.has(eventId))
        return { journal, value: { status: "unknown", parts } };
      suppressed.add(eventId);
      for (const name of parts) suppressed.add(eventId, name);
      if (wasHidden) journal?.mark();
      return { journal, value: { status: "erased", version: journal?.version ?? 0, parts } };
    });
  }

  /** Goes on with a refold in slices, if there is one. */
  resume(): void {
    this.#transaction((_, journal) => ({ journal, value: undefined }));
  }

  /** What needs no event to be done: goes on with a refold, else drops what has become too old. */
  tend(): void {
    const retention = this.#retention;
    const now = this.#place.now();
    this.#transaction((_, journal) => {
      journal?.prune(retention, now);
      const { merges } = this;
      if (journal !== undefined && merges.exists)
        merges.shadows.removeBefore(keptFrom(journal.user, retention, now));
      return { journal, value: undefined };
    });
  }

  /** Runs work on the journal and on what is stored of merges, in one transaction: for the rooms beside this one. */
  transact<T>(work: (held: Held) => T): T | Failed {
    const { storage, now } = this.#place;
    return this.#transaction((engine, found): Outcome<T> => {
      let journal = found;
      const value = work({
        get journal() {
          return journal;
        },
        merges: this.merges,
        suppressed: found?.suppressed ?? new Suppressed(storage.sql),
        open: (user) => {
          journal ??= Journal.create(storage.sql, engine, user);
          return journal;
        },
        retention: this.#retention,
        now: now(),
      });
      return { journal, value };
    });
  }

  /** What is on its way from here or to here is dropped when it has arrived. */
  get #retention(): Retention {
    const { moving, arriving } = this.merges;
    return moving === undefined && arriving.size === 0 ? this.#place.retention : KEEP_ALL;
  }

  /** Asks to be woken when there is something to do without an event. */
  #ask(journal: Journal | undefined): void {
    if (journal === undefined) return;
    const { now, wakeAt } = this.#place;
    if (journal.refolding !== undefined) {
      wakeAt(now() + SLICE_PAUSE_MS);
      return;
    }
    const retention = this.#retention;
    if (retention.ageMs === undefined) return;
    const { merges } = this;
    const oldest = Math.min(
      journal.oldest ?? Number.POSITIVE_INFINITY,
      merges.exists ? merges.shadows.oldest : Number.POSITIVE_INFINITY,
    );
    if (oldest < Number.POSITIVE_INFINITY) wakeAt(dropAt(journal.user, retention, oldest));
  }

  #answer<T>(question: (ground: Ground) => T): T | Moved | Failed {
    const { merges } = this;
    if (merges.moved !== undefined) return merges.moved;
    return this.#read((engine, journal): Outcome<T> => {
      const value = question({ engine, journal, merges: this.merges, now: this.#place.now() });
      return { journal, value };
    });
  }

  /** Runs work that only reads: without a transaction where memory is current and nothing is to be written. */
  #read<T>(work: Work<T>): T | Failed {
    const journal = this.#journal;
    const current = this.#place.engine();
    if (journal === undefined || journal.refolding !== undefined || !journal.isFor(current)) {
      return this.#transaction(work);
    }
    return this.#guard(() => (journal.isCurrent ? work(current, journal).value : this.#transaction(work)));
  }

  /** Runs `work` in one transaction. What it leaves in memory counts only once that has ended well. */
  #transaction<T>(work: Work<T>): T | Failed {
    const { storage, engine } = this.#place;
    return this.#guard(() => {
      const { journal, value } = storage.transactionSync(() => {
        const current = engine();
        return work(current, this.#current(current));
      });
      this.#journal = journal;
      this.#ask(journal);
      return value;
    });
  }

  /** After any error the journal is read from storage again, and after a trap of the kernel another one is made. */
  #guard<T>(work: () => T): T | Failed {
    try {
      return work();
    } catch (error) {
      this.#journal = undefined;
      this.#merges = undefined;
      if (error instanceof FoldError) this.#place.discardEngine();
      if (error instanceof FrameError) {
        return { status: "failed", code: error.reason === "corrupt" ? "state-corrupt" : "state-newer" };
      }
      throw error;
    }
  }

  /** The journal as storage has it, from memory when that is of the stored version. */
  #current(engine: Engine): Journal | undefined {
    const { sql } = this.#place.storage;
    const journal = this.#journal;
    if (journal === undefined || !journal.isCurrent || !journal.isFor(engine)) {
      return Journal.open(sql, engine);
    }
    if (journal.refolding !== undefined) journal.resume();
    return journal;
  }
}

function poison(id: string): Receipt {
  const detail = "The event could not be folded and was left out; it is kept as a failure.";
  return { id, status: "rejected", code: "poison", pointer: "", detail };
}

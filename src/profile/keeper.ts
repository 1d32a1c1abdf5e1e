import type { Event } from "../events/event.ts";
import { mostExplored, type Question } from "../kernel/rank.ts";
import type {
  EventsPage,
  EventsQuery,
  Failed,
  Ingested,
  RankRequest,
  RankResult,
  ReadOptions,
  ReadResult,
} from "./contract.ts";
import { describe } from "./describe.ts";
import type { Engine } from "./engine.ts";
import { FrameError } from "./frame.ts";
import { hasHead, storedVersion } from "./head.ts";
import { Journal, type Retention } from "./journal.ts";
import { order } from "./order.ts";
import { freshState } from "./state.ts";

/** Where a profile is kept: the storage of a Durable Object, or what a simulation has for one. */
export interface Place {
  storage: Pick<DurableObjectStorage, "sql" | "transactionSync">;
  /** The kernel and the definition; asked for anew each time, because both may change. */
  engine: () => Engine;
  /** Called when the kernel has trapped: its memory may be half-written. */
  discardEngine: () => void;
  retention: Retention;
  /** ms. */
  now: () => number;
}

/** What a transaction leaves in memory, and its answer. */
interface Outcome<T> {
  journal: Journal | undefined;
  value: T;
}

/** Keeps one user's profile: the single writer of the user's journal. */
export class Keeper {
  readonly #place: Place;
  /** What memory holds of the journal; storage is asked before it is believed. */
  #journal: Journal | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  ingest(user: string, events: Event[]): Ingested | Failed {
    return this.#transaction((engine): Outcome<Ingested> => {
      const { storage, retention, now } = this.#place;
      const journal = this.#current(engine) ?? Journal.create(storage.sql, engine, user);
      const receipts = journal.ingest(events, retention, now());
      return { journal, value: { status: "ingested", version: journal.version, receipts } };
    });
  }

  read(user: string, options: ReadOptions): ReadResult | Failed {
    return this.#transaction((engine): Outcome<ReadResult> => {
      const journal = this.#current(engine);
      if (journal === undefined) return { journal, value: { status: "unknown" } };
      if (options.ifVersion === journal.version) {
        return { journal, value: { status: "unchanged", version: journal.version } };
      }
      const at = options.at ?? this.#place.now();
      const state = journal.stateAt(at);
      if (state === undefined) return { journal, value: { status: "forgotten" } };
      const profile = describe(engine, user, journal.version, state, at);
      const { fields } = options;
      const chosen =
        fields === undefined
          ? profile
          : Object.fromEntries(Object.entries(profile).filter(([name]) => fields.includes(name)));
      return { journal, value: { status: "found", version: journal.version, json: JSON.stringify(chosen) } };
    });
  }

  events(query: EventsQuery): EventsPage | Failed {
    return this.#transaction((engine): Outcome<EventsPage> => {
      const journal = this.#current(engine);
      if (journal === undefined) return { journal, value: { status: "listed", events: [] } };
      const { name, to } = query;
      const value = journal.list(
        (event) => (name === undefined || event.name === name) && (to === undefined || event.time < to),
        query.limit,
        query.from ?? Number.NEGATIVE_INFINITY,
        query.cursor,
      );
      return { journal, value: { status: "listed", ...value } };
    });
  }

  rank(request: RankRequest): RankResult | Failed {
    return this.#transaction((engine): Outcome<RankResult> => {
      const journal = this.#current(engine);
      const { kernel, compiled } = engine;
      const models = compiled.models.map((model) => model.name);
      const index = request.model === undefined ? 0 : models.indexOf(request.model);
      const model = models[index];
      if (model === undefined) return { journal, value: { status: "no-model", models } };
      const most = mostExplored(kernel, compiled, index);
      if (request.explore !== undefined && request.candidates.length > most) {
        return { journal, value: { status: "too-many", most } };
      }
      const state = journal?.state ?? freshState(kernel, compiled);
      const question: Question = {
        compiled,
        state: state.kernel,
        trait: (name) => state.traits.get(name)?.value,
        at: this.#place.now(),
        model: index,
      };
      const ranked = order(kernel, question, request);
      return { journal, value: { status: "ranked", version: journal?.version ?? 0, model, ranked } };
    });
  }

  /**
   * Runs `work` in one transaction. What it leaves in memory counts only once that has ended well; after any error
   * the journal is read from storage again, and after a trap of the kernel another one is made.
   */
  #transaction<T>(work: (engine: Engine) => Outcome<T>): T | Failed {
    const { storage, engine, discardEngine } = this.#place;
    try {
      const { journal, value } = storage.transactionSync(() => work(engine()));
      this.#journal = journal;
      return value;
    } catch (error) {
      this.#journal = undefined;
      if (error instanceof WebAssembly.RuntimeError) discardEngine();
      if (error instanceof FrameError) {
        return { status: "failed", code: error.reason === "corrupt" ? "state-corrupt" : "state-newer" };
      }
      throw error;
    }
  }

  /** The journal as storage has it, from memory when that is of the stored version. */
  #current(engine: Engine): Journal | undefined {
    const { sql } = this.#place.storage;
    if (this.#journal !== undefined && storedVersion(sql) === this.#journal.version) return this.#journal;
    return hasHead(sql) ? Journal.open(sql, engine) : undefined;
  }
}

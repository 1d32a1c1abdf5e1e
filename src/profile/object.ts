import { DurableObject } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import type { Event } from "../events/event.ts";
import { decode } from "../kernel/decode.ts";
import { hash53 } from "../kernel/hash.ts";
import type { Kernel } from "../kernel/instance.ts";
import { explore, type Question, rank } from "../kernel/rank.ts";
import type {
  EventsPage,
  EventsQuery,
  Failed,
  Ingested,
  ProfileRpc,
  Ranked,
  RankRequest,
  RankResult,
  ReadOptions,
  ReadResult,
} from "./contract.ts";
import { discardEngine, type Engine, engineFor } from "./engine.ts";
import { FrameError } from "./frame.ts";
import { hasHead, storedVersion } from "./head.ts";
import { Journal, type Retention } from "./journal.ts";
import { freshState, packState, type State } from "./state.ts";

/** Events kept when the configuration does not say. */
const RETENTION_EVENTS = 100_000;
const DAY_MS = 86_400_000;

/** What a transaction leaves in memory, and its answer. */
interface Outcome<T> {
  journal: Journal | undefined;
  value: T;
}

/** One user's profile: the single writer of the user's journal. */
export class Profile extends DurableObject<Environment> implements ProfileRpc {
  /** What memory holds of the journal; storage is asked before it is believed. */
  #journal: Journal | undefined;

  async ingest(user: string, events: Event[]): Promise<Ingested | Failed> {
    return this.#transaction((engine): Outcome<Ingested> => {
      const journal = this.#current(engine) ?? Journal.create(this.ctx.storage.sql, engine, user);
      const receipts = journal.ingest(events, this.#retention(), Date.now());
      return { journal, value: { status: "ingested", version: journal.version, receipts } };
    });
  }

  async read(user: string, options: ReadOptions): Promise<ReadResult | Failed> {
    return this.#transaction((engine): Outcome<ReadResult> => {
      const journal = this.#current(engine);
      if (journal === undefined) return { journal, value: { status: "unknown" } };
      if (options.ifVersion === journal.version) {
        return { journal, value: { status: "unchanged", version: journal.version } };
      }
      const at = options.at ?? Date.now();
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

  async events(query: EventsQuery): Promise<EventsPage | Failed> {
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

  async rank(request: RankRequest): Promise<RankResult | Failed> {
    return this.#transaction((engine): Outcome<RankResult> => {
      const journal = this.#current(engine);
      const models = engine.compiled.models.map((model) => model.name);
      const index = request.model === undefined ? 0 : models.indexOf(request.model);
      const model = models[index];
      if (model === undefined) return { journal, value: { status: "no-model", models } };
      const state = journal?.state ?? freshState(engine.kernel, engine.compiled);
      const question: Question = {
        compiled: engine.compiled,
        state: state.kernel,
        trait: (name) => state.traits.get(name)?.value,
        at: Date.now(),
        model: index,
      };
      const ranked = order(engine.kernel, question, request);
      return { journal, value: { status: "ranked", version: journal?.version ?? 0, model, ranked } };
    });
  }

  /**
   * Runs `work` in one transaction. What it leaves in memory counts only once that has ended well; after any error
   * the journal is read from storage again, and after a trap of the kernel another one is made.
   */
  #transaction<T>(work: (engine: Engine) => Outcome<T>): T | Failed {
    try {
      const { journal, value } = this.ctx.storage.transactionSync(() => work(engineFor(this.env)));
      this.#journal = journal;
      return value;
    } catch (error) {
      this.#journal = undefined;
      if (error instanceof WebAssembly.RuntimeError) discardEngine(this.env);
      if (error instanceof FrameError) {
        return { status: "failed", code: error.reason === "corrupt" ? "state-corrupt" : "state-newer" };
      }
      throw error;
    }
  }

  /** The journal as storage has it, from memory when that is of the stored version. */
  #current(engine: Engine): Journal | undefined {
    const { sql } = this.ctx.storage;
    if (this.#journal !== undefined && storedVersion(sql) === this.#journal.version) return this.#journal;
    return hasHead(sql) ? Journal.open(sql, engine) : undefined;
  }

  #retention(): Retention {
    const events = Number(this.env.RETENTION_EVENTS ?? RETENTION_EVENTS);
    const days = this.env.RETENTION_DAYS ?? undefined;
    return days === undefined ? { events } : { events, ageMs: Number(days) * DAY_MS };
  }
}

/** The best candidates, best first. */
function order(kernel: Kernel, question: Question, request: RankRequest): Ranked[] {
  const { candidates, limit, explain } = request;
  const scored = rank(kernel, question, candidates, explain);
  const explored =
    request.explore === undefined
      ? undefined
      : explore(kernel, question, candidates, request.explore.how, request.explore.seed);
  return candidates
    .map(({ id }, i) => {
      const { score = Number.NaN, sd = Number.NaN, contributions } = scored[i] ?? {};
      contributions?.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      const one: Ranked = { id, score, sd };
      const choice = explored?.[i];
      if (choice !== undefined) one.propensity = choice.propensity;
      if (contributions !== undefined) one.contributions = contributions;
      return { one, order: choice?.order ?? score };
    })
    .sort((a, b) => b.order - a.order || (a.one.id < b.one.id ? -1 : 1))
    .slice(0, limit)
    .map(({ one }) => one);
}

/** A profile as it is answered. */
function describe({ kernel, compiled }: Engine, user: string, version: number, state: State, at: number) {
  const trait = (name: string) => state.traits.get(name)?.value;
  const view = decode(kernel, compiled, state.kernel, state.labels, trait, at);
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  const traits = [...state.traits].map(([name, { value, time, source }]) => [
    name,
    { value, time: iso(time), source },
  ]);
  return {
    id: user,
    version,
    asOf: iso(at),
    definition: compiled.definition.name,
    digest: digest(packState(compiled.fingerprint, state)),
    events: view.events,
    firstSeen: iso(view.firstSeen),
    lastSeen: iso(view.lastSeen),
    traits: Object.fromEntries(traits),
    numbers: view.numbers,
    interests: view.interests,
    windows: view.windows,
    scores: view.scores,
    quality: Object.fromEntries(
      Object.entries(view.quality).map(([model, quality]) => [
        model,
        { ...quality, drift: { ...quality.drift, lastAt: iso(quality.drift.lastAt) } },
      ]),
    ),
  };
}

/** A short fingerprint of a state's bytes: equal for profiles that were folded from the same events. */
function digest(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return hash53(text).toString(36);
}

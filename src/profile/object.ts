import { DurableObject } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import type { EventsQuery, PreviewRequest, ProfileRpc, RankRequest, ReadOptions } from "./contract.ts";
import { discardEngine, engineFor } from "./engine.ts";
import type { Retention } from "./journal.ts";
import { Keeper } from "./keeper.ts";
import { unpackLines } from "./lines.ts";

/** Events kept when the configuration does not say. */
const RETENTION_EVENTS = 100_000;
const DAY_MS = 86_400_000;
/** Between two slices of a long refold, for others to have their turn. */
const SLICE_PAUSE_MS = 20;

/** One user's profile as a Durable Object: the RPC, and nothing else; `keeper.ts` does the work. */
export class Profile extends DurableObject<Environment> implements ProfileRpc {
  readonly #keeper: Keeper;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    this.#keeper = new Keeper({
      storage: ctx.storage,
      engine: () => engineFor(env),
      discardEngine: () => discardEngine(env),
      wakeSoon: () => void ctx.storage.setAlarm(Date.now() + SLICE_PAUSE_MS),
      retention: retentionOf(env),
      now: () => Date.now(),
    });
  }

  async ingest(user: string, lines: string) {
    const ingested = this.#keeper.ingest(user, unpackLines(user, lines));
    const isPlain =
      ingested.status === "ingested" && ingested.receipts.every(({ status }) => status === "applied");
    return isPlain ? ingested.version : ingested;
  }

  async read(options: ReadOptions = {}) {
    const read = this.#keeper.read(options);
    return read.status === "found" ? `${read.version} ${read.json}` : read;
  }

  async events(query: EventsQuery) {
    return this.#keeper.events(query);
  }

  async rank(request: RankRequest) {
    return this.#keeper.rank(request);
  }

  async erase(_user: string, eventId: string) {
    return this.#keeper.erase(eventId);
  }

  async preview(user: string, request: PreviewRequest) {
    return this.#keeper.preview(user, request);
  }

  /** A long refold goes on by itself, a slice at a time. */
  override async alarm() {
    this.#keeper.resume();
  }
}

function retentionOf(env: Environment): Retention {
  // workerd has null for a variable that is not set.
  const events = Number(env.RETENTION_EVENTS ?? RETENTION_EVENTS);
  const days = env.RETENTION_DAYS ?? undefined;
  return days === undefined ? { events } : { events, ageMs: Number(days) * DAY_MS };
}

import { DurableObject } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import type { Event } from "../events/event.ts";
import type { EventsQuery, PreviewRequest, ProfileRpc, RankRequest, ReadOptions } from "./contract.ts";
import { discardEngine, engineFor } from "./engine.ts";
import type { Retention } from "./journal.ts";
import { Keeper } from "./keeper.ts";
import type { Offer, Parcel, Return } from "./merge-contract.ts";
import { Merging } from "./merging.ts";
import { Mover } from "./mover.ts";
import { Parcels } from "./parcels.ts";
import { profileOf } from "./stub.ts";

/** Events kept when the configuration does not say. */
const RETENTION_EVENTS = 100_000;
const DAY_MS = 86_400_000;
/** Between two slices of a long refold, for others to have their turn. */
const SLICE_PAUSE_MS = 20;

/** One user's profile as a Durable Object: the RPC, and nothing else; `keeper.ts` does the work. */
export class Profile extends DurableObject<Environment> implements ProfileRpc {
  readonly #keeper: Keeper;
  readonly #merging: Merging;
  readonly #parcels: Parcels;
  readonly #mover: Mover;

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
    this.#merging = new Merging(this.#keeper);
    this.#parcels = new Parcels(this.#keeper);
    this.#mover = new Mover({
      merging: this.#merging,
      parcels: this.#parcels,
      peer: (user) => profileOf(env, user),
      wake: (afterMs) => void ctx.storage.setAlarm(Date.now() + afterMs),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
  }

  async ingest(user: string, events: Event[], origin?: string) {
    return this.#keeper.ingest(user, events, origin);
  }

  async read(user: string, options: ReadOptions) {
    return this.#keeper.read(user, options);
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

  async merge(user: string, into: string) {
    return this.#mover.merge(user, into);
  }

  async unmerge(user: string, member: string) {
    return this.#mover.unmerge(user, member);
  }

  async standing() {
    return this.#merging.standing();
  }

  async adopt(user: string, offer: Offer) {
    return this.#merging.adopt(user, offer);
  }

  async restore(user: string, back: Return) {
    return this.#merging.restore(user, back);
  }

  async take(user: string, epoch: string, parcel: Parcel) {
    return this.#parcels.take(user, epoch, parcel);
  }

  /** A long refold, and a move to another profile, go on by themselves, a slice at a time. */
  override async alarm() {
    await this.#mover.goOn();
    this.#keeper.resume();
  }
}

function retentionOf(env: Environment): Retention {
  // workerd has null for a variable that is not set.
  const events = Number(env.RETENTION_EVENTS ?? RETENTION_EVENTS);
  const days = env.RETENTION_DAYS ?? undefined;
  return days === undefined ? { events } : { events, ageMs: Number(days) * DAY_MS };
}

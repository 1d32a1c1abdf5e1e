import { DurableObject } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import { revocationsOf } from "../keys/stub.ts";
import type {
  EventsQuery,
  PreviewRequest,
  ProfileRpc,
  RankRequest,
  ReadOptions,
  ReadResult,
} from "./contract.ts";
import { discardEngine, engineFor } from "./engine.ts";
import { Keeper } from "./keeper.ts";
import { unpackLines } from "./lines.ts";
import { Live } from "./live.ts";
import type { Offer, Parcel, Return } from "./merge-contract.ts";
import { Merging } from "./merging.ts";
import { Mover } from "./mover.ts";
import { Parcels } from "./parcels.ts";
import { retentionOf } from "./retention.ts";
import { profileOf } from "./stub.ts";

/** One user's profile as a Durable Object: the RPC, and nothing else; `keeper.ts` and `live.ts` do the work. */
export class Profile extends DurableObject<Environment> implements ProfileRpc {
  readonly #keeper: Keeper;
  /** Its readers. */
  readonly live: Live;
  /** When the alarm rings, ms. */
  #alarmAt = Number.POSITIVE_INFINITY;
  /** The last profile that was read, and its text as it is sent: the next answer is often the same. */
  #told: { read: ReadResult; text: string } | undefined;
  readonly #merging: Merging;
  readonly #parcels: Parcels;
  readonly #mover: Mover;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    // An instance before this one may have asked for an alarm: nobody may put it off, or set it once more.
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = (await ctx.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
    });
    this.#keeper = new Keeper({
      storage: ctx.storage,
      engine: () => engineFor(env),
      discardEngine: () => discardEngine(env),
      wakeAt: (time) => this.#wakeAt(time),
      retention: retentionOf(env),
      now: () => Date.now(),
    });
    this.#merging = new Merging(this.#keeper);
    this.#parcels = new Parcels(this.#keeper);
    this.#mover = new Mover({
      merging: this.#merging,
      parcels: this.#parcels,
      peer: (user) => profileOf(env, user),
      wake: (afterMs) => this.#wakeAt(Date.now() + afterMs),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    this.live = new Live({
      sockets: ctx,
      look: () => this.#keeper.look(),
      wakeAt: (time) => this.#wakeAt(time),
      revocations: revocationsOf(env),
      later: (work) => ctx.waitUntil(work),
    });
  }

  async ingest(user: string, lines: string, origin?: string) {
    const ingested = this.#tell(this.#keeper.ingest(user, unpackLines(user, lines), origin));
    const isPlain =
      ingested.status === "ingested" && ingested.receipts.every(({ status }) => status === "applied");
    return isPlain ? ingested.version : ingested;
  }

  async read(options: ReadOptions = {}) {
    const read = this.#tell(this.#keeper.read(options));
    if (read.status !== "found") return read;
    if (this.#told?.read !== read) this.#told = { read, text: `${read.version} ${read.json}` };
    return this.#told.text;
  }

  async events(query: EventsQuery) {
    return this.#keeper.events(query);
  }

  async rank(request: RankRequest) {
    return this.#keeper.rank(request);
  }

  async erase(_user: string, eventId: string, expected = false) {
    return this.#tell(this.#keeper.erase(eventId, expected));
  }

  async preview(user: string, request: PreviewRequest) {
    return this.#keeper.preview(user, request);
  }

  async merge(user: string, into: string) {
    return this.#tell(await this.#mover.merge(user, into));
  }

  async unmerge(user: string, member: string) {
    return this.#tell(await this.#mover.unmerge(user, member));
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
    return this.#tell(this.#parcels.take(user, epoch, parcel));
  }

  /** A reader's WebSocket; `http/live.ts` asks for it. */
  override async fetch(request: Request) {
    return this.live.open(request);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer) {
    this.live.receive(socket, message);
  }

  /**
   * A long refold, and a move to another profile, go on by themselves, a slice at a time; what has become too old is
   * dropped; and readers who are too slow, or whose key or token has ended, are sent away.
   */
  override async alarm() {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    await this.#mover.goOn();
    // First, for readers need the alarm soonest: it is then set once.
    this.live.check(Date.now());
    // Beside the rest: another object is asked, and what else waits for the alarm must not wait for that.
    this.ctx.waitUntil(this.live.patrol());
    this.#tell(this.#keeper.tend());
  }

  /** An object has one alarm: it rings for whoever needs it first, and the others then ask again. */
  #wakeAt(time: number): void {
    if (time >= this.#alarmAt) return;
    this.#alarmAt = time;
    void this.ctx.storage.setAlarm(time);
  }

  /** Passes an answer on, and the readers are told what the call changed. */
  #tell<T>(answer: T): T {
    const { moved } = this.#keeper.merges;
    if (moved === undefined) this.live.tell(this.#keeper.version);
    else this.live.move(moved.to);
    return answer;
  }
}

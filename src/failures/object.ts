import { DurableObject } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import type { Count, FailuresQuery, FailuresRpc, NewFailure, Retried } from "./contract.ts";
import { failuresAgeMs } from "./retention.ts";
import { Store } from "./store.ts";

/** What a shard keeps at most. */
const FAILURES = 10_000;
const BYTES = 32 * 1024 * 1024;

/** After an alarm that failed, in ms. */
const ALARM_AGAIN_MS = 60_000;

/** A shard of the failures and counts as a Durable Object: the RPC and the alarm; `store.ts` does the work. */
export class Failures extends DurableObject<Environment> implements FailuresRpc {
  readonly #store: Store;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const bounds = { failures: FAILURES, bytes: BYTES, ageMs: failuresAgeMs(env) };
    this.#store = new Store(ctx.storage, bounds, () => Date.now());
  }

  async keep(batch: string, failures: NewFailure[], counts: Count[]) {
    this.#store.keep(batch, failures, counts);
    const { storage } = this.ctx;
    if (failures.length > 0 && (await storage.getAlarm()) === null) await this.#arm(this.#store.expire());
  }

  async list(query: FailuresQuery) {
    return this.#store.list(query);
  }

  async find(seqs: number[]) {
    return this.#store.find(seqs);
  }

  async settle(settled: number[], failed: Retried[]) {
    this.#store.settle(settled, failed);
  }

  async remove(user?: string) {
    return this.#store.remove(user);
  }

  async countEvent(users: string[], eventId: string) {
    return this.#store.countEvent(users, eventId);
  }

  async removeEvent(users: string[], eventId: string) {
    return this.#store.removeEvent(users, eventId);
  }

  async stats() {
    return this.#store.stats();
  }

  override async alarm() {
    // The runtime gives up after a few attempts that throw; an alarm of our own never does.
    let next: number | undefined = Date.now() + ALARM_AGAIN_MS;
    try {
      next = this.#store.expire();
    } catch {
      console.error(JSON.stringify({ code: "failures-not-expired" }));
    }
    await this.#arm(next);
  }

  async #arm(time: number | undefined) {
    if (time !== undefined) await this.ctx.storage.setAlarm(time);
  }
}

import type { Random } from "../src/cli/random.ts";
import type { Event } from "../src/events/event.ts";
import type { Receipt } from "../src/profile/contract.ts";
import type { Draft } from "./behaviour.ts";
import type { Network } from "./network.ts";
import type { SimulatedObject } from "./object.ts";
import type { Schedule } from "./schedule.ts";

/** An event on a client: sent until it is acknowledged. */
interface Item {
  draft: Draft;
  sentAt: number;
  acknowledged: boolean;
}

export interface Habits {
  /** Most new events a batch. */
  batch: number;
  /** Before an event without an answer is sent again, ms. */
  timeoutMs: number;
  /** Of sending an event once more although it needs not: after its acknowledgement, or twice in one batch. */
  again: number;
  /** Whether it corrects its clock, so that a retry carries another time. */
  corrects: boolean;
  /** Of sending another body under the same id, as clients with a bug do. */
  conflicts: number;
}

/** A client with events to deliver: in batches over several users, retried by id until each is acknowledged. */
export class SimulatedClient {
  readonly #items: Item[];
  readonly #habits: Habits;
  readonly #schedule: Schedule;
  readonly #network: Network;
  readonly #random: Random;
  readonly #objects: ReadonlyMap<string, SimulatedObject>;
  #next = 0;

  constructor(
    drafts: readonly Draft[],
    habits: Habits,
    schedule: Schedule,
    network: Network,
    random: Random,
    objects: ReadonlyMap<string, SimulatedObject>,
  ) {
    this.#items = drafts.map((draft) => ({ draft, sentAt: Number.NEGATIVE_INFINITY, acknowledged: false }));
    this.#habits = habits;
    this.#schedule = schedule;
    this.#network = network;
    this.#random = random;
    this.#objects = objects;
  }

  start(): void {
    this.#schedule.after(this.#random.whole(0, 500), () => this.#tick());
  }

  /** How many events it has an acknowledgement of. */
  get acknowledged(): number {
    return this.#items.reduce((sum, item) => sum + Number(item.acknowledged), 0);
  }

  #tick(): void {
    const random = this.#random;
    const { now } = this.#schedule;
    const { batch, timeoutMs, again } = this.#habits;
    const sent = this.#items.slice(0, this.#next);
    const fresh = this.#items.slice(this.#next, this.#next + random.whole(0, batch));
    this.#next += fresh.length;
    const due = sent.filter((item) => !item.acknowledged && item.sentAt + timeoutMs <= now);
    const twice = [...sent.slice(-50), ...fresh].filter(() => random.chance(again));
    const chosen = [...fresh, ...due, ...twice];
    shuffle(chosen, random);
    if (chosen.length > 0) this.#send(chosen);
    if (this.#next < this.#items.length || this.#items.some((item) => !item.acknowledged))
      this.#schedule.after(random.whole(20, 400), () => this.#tick());
  }

  #send(items: readonly Item[]): void {
    const byUser = Map.groupBy(items, ({ draft }) => draft.user);
    for (const [user, group] of byUser) {
      const object = this.#objects.get(user);
      if (object === undefined) throw new Error(`no object of ${user}`);
      const copies = group.map((item) => {
        const copy = this.#copy(item);
        item.sentAt = this.#schedule.now;
        return copy;
      });
      this.#network.send(
        () => object.receive(copies),
        (receipts) => this.#acknowledge(group, receipts),
      );
    }
  }

  /** The event as it goes out this time. */
  #copy({ draft, sentAt }: Item): Event {
    const random = this.#random;
    const isRetry = sentAt !== Number.NEGATIVE_INFINITY;
    const copy: Event = { ...draft, receivedAt: this.#schedule.now };
    if (isRetry && this.#habits.corrects) copy.time += random.whole(-2000, 2000);
    if (isRetry && random.chance(this.#habits.conflicts)) copy.properties = { ...copy.properties, changed: true };
    return copy;
  }

  #acknowledge(group: readonly Item[], receipts: readonly Receipt[]): void {
    group.forEach((item, i) => {
      const status = receipts[i]?.status;
      if (status === "applied" || status === "duplicate") item.acknowledged = true;
    });
  }
}

function shuffle<T>(list: T[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.whole(0, i);
    const [a, b] = [list[i], list[j]];
    if (a !== undefined && b !== undefined) [list[i], list[j]] = [b, a];
  }
}

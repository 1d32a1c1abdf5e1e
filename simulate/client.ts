import type { Random } from "../src/cli/random.ts";
import type { Event } from "../src/events/event.ts";
import type { Receipt } from "../src/profile/contract.ts";
import type { Draft } from "./behaviour.ts";
import type { Network } from "./network.ts";
import type { Schedule } from "./schedule.ts";

/** An event on a client: sent until it is acknowledged. */
interface Item {
  draft: Draft;
  sentAt: number;
  /** Whether it is in the profile, by what the client was told. */
  acknowledged: boolean;
  /** Whether it was turned away for good. */
  refused: boolean;
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

/** What happens at the object of a user when a message arrives; undefined when it does not answer. */
export type Deliver = (user: string, events: readonly Event[]) => Receipt[] | undefined;

/** A client with events to deliver: in batches over several users, retried by id until each is acknowledged. */
export class SimulatedClient {
  readonly #items: Item[];
  readonly #habits: Habits;
  readonly #schedule: Schedule;
  readonly #network: Network;
  readonly #random: Random;
  readonly #deliver: Deliver;
  #next = 0;

  constructor(
    drafts: readonly Draft[],
    habits: Habits,
    schedule: Schedule,
    network: Network,
    random: Random,
    deliver: Deliver,
  ) {
    this.#items = drafts.map((draft) => ({
      draft,
      sentAt: Number.NEGATIVE_INFINITY,
      acknowledged: false,
      refused: false,
    }));
    this.#habits = habits;
    this.#schedule = schedule;
    this.#network = network;
    this.#random = random;
    this.#deliver = deliver;
  }

  start(): void {
    this.#schedule.after(this.#random.whole(0, 500), () => this.#tick());
  }

  /** The events that it was told are in the profile. */
  get acknowledged(): Draft[] {
    return this.#items.filter(({ acknowledged }) => acknowledged).map(({ draft }) => draft);
  }

  #tick(): void {
    const random = this.#random;
    const { now } = this.#schedule;
    const { batch, timeoutMs, again } = this.#habits;
    const sent = this.#items.slice(0, this.#next);
    const fresh = this.#items.slice(this.#next, this.#next + random.whole(0, batch));
    this.#next += fresh.length;
    const due = sent.filter((item) => !isSettled(item) && item.sentAt + timeoutMs <= now);
    const twice = [...sent.slice(-50), ...fresh].filter(() => random.chance(again));
    const chosen = [...fresh, ...due, ...twice];
    shuffle(chosen, random);
    if (chosen.length > 0) this.#send(chosen);
    if (this.#next < this.#items.length || !this.#items.every(isSettled))
      this.#schedule.after(random.whole(20, 400), () => this.#tick());
  }

  #send(items: readonly Item[]): void {
    const byUser = Map.groupBy(items, ({ draft }) => draft.user);
    for (const [user, group] of byUser) {
      const copies = group.map((item) => {
        const copy = this.#copy(item);
        item.sentAt = this.#schedule.now;
        return copy;
      });
      this.#network.send(
        () => this.#deliver(user, copies),
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
    if (isRetry && random.chance(this.#habits.conflicts))
      copy.properties = { ...copy.properties, changed: true };
    return copy;
  }

  #acknowledge(group: readonly Item[], receipts: readonly Receipt[]): void {
    group.forEach((item, i) => {
      const status = receipts[i]?.status;
      if (status === "applied" || status === "duplicate") item.acknowledged = true;
      else if (status === "rejected" || status === "suppressed" || status === "late") item.refused = true;
    });
  }
}

function isSettled({ acknowledged, refused }: Item): boolean {
  return acknowledged || refused;
}

function shuffle<T>(list: T[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.whole(0, i);
    const [a, b] = [list[i], list[j]];
    if (a !== undefined && b !== undefined) [list[i], list[j]] = [b, a];
  }
}

import type { Failed } from "./contract.ts";
import type { MergeResult, MergeRpc, Moved, UnmergeResult } from "./merge-contract.ts";
import type { Moving } from "./merges.ts";
import { type Merging, MOST_DEPTH } from "./merging.ts";
import type { Parcels } from "./parcels.ts";

/** What a mover works with; a test has its own. */
export interface MoverPlace {
  merging: Merging;
  parcels: Parcels;
  /** The object of another profile, a fresh stub each time. */
  peer: (user: string) => MergeRpc;
  /** Asks for a call of `goOn` after so many ms: durable once the caller's writes are. */
  wake: (afterMs: number) => void;
  sleep: (ms: number) => Promise<void>;
}

/** Parcels sent while somebody waits for the answer, and in one alarm. */
const PARCELS = { waiting: 1, alarm: 8 };
/** When one goes on if nothing has gone wrong, and at first and at most if something has, in ms. */
const PAUSE_MS = 20;
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 600_000;
/** Between two tries while the other side is itself about to be merged: that is mostly a matter of one message. */
const PENDING_MS = 40;
const TRIES = 4;

/**
 * Carries a merge, or its undoing, through: from one stored phase to the next, with a message to the other object
 * between them. Whatever is interrupted is done again from the stored phase, by the alarm that was set with it.
 */
export class Mover {
  readonly #place: MoverPlace;
  #driving: Promise<MergeResult | undefined> | undefined;
  #failures = 0;

  constructor(place: MoverPlace) {
    this.#place = place;
  }

  async merge(user: string, into: string): Promise<MergeResult | Failed> {
    const { merging, sleep, wake } = this.#place;
    for (let tries = 1; ; tries++) {
      const decided = merging.begin(user, into);
      if (decided !== undefined) return decided;
      wake(RETRY_MS);
      const outcome = await this.#drive(PARCELS.waiting);
      if (outcome !== undefined && outcome.status !== "waiting") return outcome;
      const { moving } = merging;
      if (moving?.kind === "merge" && moving.phase !== "pending") {
        return { status: "merged", into: moving.peer, moving: moving.phase === "sending" };
      }
      if (tries === TRIES) return { status: "waiting" };
      await sleep(PENDING_MS * tries);
    }
  }

  async unmerge(user: string, name: string): Promise<UnmergeResult | Moved | Failed> {
    const { merging, wake } = this.#place;
    const standing = merging.standing();
    if (standing.status === "moved" || standing.status === "failed") return standing;
    const members = merging.branch(name).map((member) => member.name);
    const decided = merging.release(user, name);
    if (decided !== undefined) return decided;
    wake(RETRY_MS);
    await this.#drive(PARCELS.waiting);
    const { moving } = merging;
    if (moving?.kind === "unmerge" && moving.phase === "pending") return { status: "waiting" };
    return { status: "unmerged", from: user, members, moving: moving !== undefined };
  }

  /** Goes on where it was interrupted; never throws. */
  async goOn(): Promise<void> {
    await this.#drive(PARCELS.alarm);
  }

  /** One at a time: who comes meanwhile waits for the same. */
  #drive(parcels: number): Promise<MergeResult | undefined> {
    this.#driving ??= this.#guard(parcels).finally(() => {
      this.#driving = undefined;
    });
    return this.#driving;
  }

  async #guard(parcels: number): Promise<MergeResult | undefined> {
    const { merging, wake } = this.#place;
    let outcome: MergeResult | undefined;
    try {
      outcome = await this.#steps(parcels);
      this.#failures = outcome?.status === "waiting" ? this.#failures + 1 : 0;
    } catch {
      // The other object, or this one's storage, did not answer. What is stored tells where to go on.
      this.#failures++;
      outcome = { status: "waiting" };
    }
    if (this.#failures > 0) wake(Math.min(RETRY_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS));
    else if (isUnfinished(merging.moving)) wake(PAUSE_MS);
    return outcome;
  }

  /** Takes steps until there is nothing to do, or as many parcels are sent; what came of the agreement, if it was one. */
  async #steps(parcels: number): Promise<MergeResult | undefined> {
    const { merging } = this.#place;
    let sent = 0;
    for (;;) {
      const { moving } = merging;
      if (moving === undefined || !isUnfinished(moving)) return undefined;
      if (moving.phase === "pending") {
        const outcome = moving.kind === "merge" ? await this.#agree(moving) : await this.#giveBack(moving);
        if (outcome !== undefined) return outcome;
      } else if (moving.phase === "mending") check(this.#place.parcels.mend(moving));
      else if (sent++ === parcels) return undefined;
      else await this.#send(moving);
    }
  }

  /** Finds who adopts this profile: the other one, or what that is part of. Undefined when it has been adopted. */
  async #agree(moving: Moving): Promise<MergeResult | undefined> {
    const { merging, peer } = this.#place;
    const { user, epoch } = moving;
    const offer = merging.offer(moving);
    if ("status" in offer) throw new Error(offer.code);
    let at = moving.peer;
    for (let hops = 0; hops <= MOST_DEPTH; hops++) {
      if (at === user) {
        check(merging.abandon(epoch));
        return { status: "same" };
      }
      const answer = await peer(at).adopt(at, offer);
      switch (answer.status) {
        case "accepted":
          check(merging.activate(epoch, at));
          return undefined;
        case "moved":
          at = answer.to;
          break;
        case "pending":
          if (!(await this.#yields(user, at, answer.to))) return { status: "waiting" };
          check(merging.abandon(epoch));
          return { status: "same" };
        case "refused":
          check(merging.abandon(epoch));
          return answer;
        case "failed":
          // Nothing can be kept there: this profile stays where it is.
          check(merging.abandon(epoch));
          return { status: "waiting" };
        case "waiting":
          return answer;
      }
    }
    return { status: "waiting" };
  }

  /**
   * Whether this profile stays by itself because those that are about to be merged form a circle: of them the one with
   * the least name yields, and the others become part of it.
   */
  async #yields(user: string, pending: string, to: string): Promise<boolean> {
    const all = [user, pending];
    let at = to;
    for (let hops = 0; at !== user; hops++) {
      // In a circle that this profile is not part of, or a very long one, others decide.
      if (hops === 2 * MOST_DEPTH) return false;
      const standing = await this.#place.peer(at).standing(at);
      if (standing.status === "root" || standing.status === "failed") return false;
      if (standing.status === "pending") all.push(at);
      at = standing.to;
    }
    return all.every((name) => user <= name);
  }

  async #giveBack(moving: Moving): Promise<MergeResult | undefined> {
    const { merging, peer } = this.#place;
    const back = merging.return(moving);
    if ("status" in back) throw new Error(back.code);
    const answer = await peer(moving.peer).restore(moving.peer, back);
    if (answer.status !== "restored") return { status: "waiting" };
    check(merging.restored(moving.epoch));
    return undefined;
  }

  async #send(moving: Moving): Promise<void> {
    const { parcels, peer } = this.#place;
    const next = parcels.next(moving);
    if ("status" in next) throw new Error(next.code);
    const answer = await peer(moving.peer).take(moving.peer, moving.epoch, next.parcel);
    if (answer.status === "failed") throw new Error(answer.code);
    check(parcels.sent(moving.epoch, next.parcel, next.position));
  }
}

function isUnfinished(moving: Moving | undefined): boolean {
  return moving !== undefined && moving.phase !== "settled";
}

function check(failed: Failed | undefined): void {
  if (failed !== undefined) throw new Error(failed.code);
}

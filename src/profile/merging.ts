import type { Failed } from "./contract.ts";
import type { Held, Keeper } from "./keeper.ts";
import type {
  Adopted,
  Member,
  MergeResult,
  Offer,
  Return,
  Standing,
  UnmergeResult,
} from "./merge-contract.ts";
import type { Merges, Moving } from "./merges.ts";
import type { Erasure, Suppressed } from "./suppressed.ts";

/** Most profiles that are merged into one, directly or through others; Segment's limit. */
export const MOST_MEMBERS = 100;
/** Longest chain of merges: whoever follows it asks as many objects. */
export const MOST_DEPTH = 8;

/**
 * How profiles agree to join and to part; each method is one transaction of one profile, and harmless when repeated.
 *
 * A profile is at any time one of: by itself, receiving, sending, or part of another one. Who receives or sends does
 * not begin to send: so a sender finds the receiver where it agreed to be, and chains change only at their end.
 * A profile is adopted only by one that is not part of another one, nor about to be: so no circle can form.
 */
export class Merging {
  readonly #keeper: Keeper;
  readonly #newEpoch: () => string;

  constructor(keeper: Keeper, newEpoch: () => string = () => crypto.randomUUID()) {
    this.#keeper = keeper;
    this.#newEpoch = newEpoch;
  }

  /** What is on its way from here. */
  get moving(): Moving | undefined {
    return this.#keeper.merges.moving;
  }

  /** Decides to merge this profile into another; undefined when that has to be agreed with it. */
  begin(user: string, into: string): MergeResult | undefined | Failed {
    return this.#keeper.transact(({ merges }): MergeResult | undefined => {
      if (merges.moved !== undefined) return { status: "already", into: merges.moved.to };
      if (user === into || merges.members.has(into)) return { status: "same" };
      const { moving } = merges;
      if (moving?.kind === "merge" && moving.peer === into) return undefined;
      if (moving !== undefined || merges.arriving.size > 0) return { status: "waiting" };
      merges.move({ ...this.#leg(user, into), kind: "merge" });
      return undefined;
    });
  }

  /** What is offered to the other side. */
  offer({ user, epoch }: Moving): Offer | Failed {
    return this.#keeper.transact(({ suppressed, merges }) => ({
      name: user,
      epoch,
      members: [...merges.members.values()],
      erasures: erasuresOf(suppressed, user, () => true),
    }));
  }

  /** Takes a profile as part of this one. */
  adopt(user: string, offer: Offer): Adopted | Failed {
    return this.#keeper.transact((held): Adopted => {
      const { merges } = held;
      if (merges.moved !== undefined) return merges.moved;
      if (merges.arriving.has(offer.epoch)) return { status: "accepted" };
      const { moving } = merges;
      if (moving?.kind === "merge") return { status: "pending", to: moving.peer };
      // Who is adopted by way of a part that is being given back would, when the answer is lost, be adopted by that
      // one as well. And a message may be of a merge that is over.
      if (moving !== undefined || merges.knows(offer.epoch)) return { status: "waiting" };
      const detail = tooMany(merges, offer);
      if (detail !== undefined) return { status: "refused", detail };
      merges.join([{ name: offer.name, into: user, epoch: offer.epoch }, ...offer.members]);
      merges.expect(offer.epoch);
      suppress(held, user, offer.erasures);
      return { status: "accepted" };
    });
  }

  /** The other side has agreed: from now on this profile is part of it. */
  activate(epoch: string, into: string): Failed | undefined {
    return this.#step(epoch, "pending", (moving, merges) =>
      merges.move({ ...moving, peer: into, phase: "sending" }),
    );
  }

  /** It comes to nothing: this profile stays by itself. */
  abandon(epoch: string): Failed | undefined {
    return this.#step(epoch, "pending", (_, merges) => merges.move(undefined));
  }

  /** Decides to give a part back. */
  release(user: string, name: string): UnmergeResult | undefined | Failed {
    return this.#keeper.transact(({ merges }): UnmergeResult | undefined => {
      const { moving, members } = merges;
      if (name === user && merges.arriving.size > 0) {
        return { status: "unmerged", from: user, members: [name, ...members.keys()], moving: true };
      }
      if (!members.has(name)) return { status: "not-merged" };
      if (moving?.kind === "unmerge" && moving.peer === name) return undefined;
      if (moving !== undefined || merges.arriving.size > 0) return { status: "waiting" };
      merges.move({ ...this.#leg(user, name), kind: "unmerge" });
      return undefined;
    });
  }

  /** What the part is told when it is given back. */
  return({ user, peer, epoch }: Moving): Return | Failed {
    return this.#keeper.transact(({ suppressed, merges }) => {
      const [part, ...members] = merges.branch(peer);
      if (part === undefined) throw new Error("a part is given back that is not one of the members");
      const names = new Set([peer, ...members.map(({ name }) => name)]);
      const erasures = erasuresOf(suppressed, user, (origin) => names.has(origin));
      return { from: user, epoch, merge: part.epoch, members, erasures };
    });
  }

  branch(name: string): Member[] {
    return this.#keeper.merges.branch(name);
  }

  /** This profile is by itself again; its events are on the way back. */
  restore(user: string, back: Return): { status: "restored" | "waiting" } | Failed {
    return this.#keeper.transact((held) => {
      const { merges } = held;
      if (merges.knows(back.epoch)) return { status: "restored" };
      const { moving } = merges;
      // While the last parcel's receipt is missing, this side does not know yet that all of it is over there.
      if (moving?.kind !== "merge" || moving.phase !== "settled" || moving.epoch !== back.merge) {
        return { status: "waiting" };
      }
      merges.move(undefined);
      merges.join(back.members);
      merges.expect(back.epoch);
      suppress(held, user, back.erasures);
      return { status: "restored" };
    });
  }

  /** The part has what it is told, and is asked for itself: nothing of it is taken here any more. */
  restored(epoch: string): Failed | undefined {
    return this.#step(epoch, "pending", (moving, merges) => merges.move({ ...moving, phase: "sending" }));
  }

  standing(): Standing | Failed {
    const { moved, moving } = this.#keeper.merges;
    if (moved !== undefined) return moved;
    return moving?.kind === "merge" ? { status: "pending", to: moving.peer } : { status: "root" };
  }

  #leg(user: string, peer: string): Omit<Moving, "kind"> {
    return { user, peer, epoch: this.#newEpoch(), phase: "pending", sent: 0, position: {} };
  }

  /** Goes on to another phase, if it is still in the one that was left to do something elsewhere. */
  #step(
    epoch: string,
    phase: Moving["phase"],
    work: (moving: Moving, merges: Merges) => void,
  ): Failed | undefined {
    return this.#keeper.transact(({ merges }): undefined => {
      const { moving } = merges;
      if (moving?.epoch === epoch && moving.phase === phase) work(moving, merges);
    });
  }
}

function erasuresOf(
  suppressed: Suppressed,
  user: string,
  belongs: (origin: string) => boolean,
): Required<Erasure>[] {
  return suppressed.all
    .map(({ hash, origin }) => ({ hash, origin: origin ?? user }))
    .filter(({ origin }) => belongs(origin));
}

function suppress({ suppressed }: Held, user: string, erasures: readonly Required<Erasure>[]): void {
  suppressed.addAll(erasures.map(({ hash, origin }) => (origin === user ? { hash } : { hash, origin })));
}

/** Why a profile is not adopted, if it is too much. */
function tooMany({ members }: Merges, { name, members: more }: Offer): string | undefined {
  if (members.size + more.length + 1 > MOST_MEMBERS) {
    return `At most ${MOST_MEMBERS} profiles are merged into one.`;
  }
  const parents = new Map(more.map((member) => [member.name, member.into]));
  for (const member of parents.keys()) {
    let depth = 1;
    for (let at: string | undefined = member; at !== undefined && at !== name; at = parents.get(at)) depth++;
    if (depth > MOST_DEPTH) return `Merges go at most ${MOST_DEPTH} deep: merge into the last one directly.`;
  }
  return undefined;
}

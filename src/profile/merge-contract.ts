import type { Event } from "../events/event.ts";
import type { Failed } from "./contract.ts";
import type { Erasure } from "./suppressed.ts";

/** The profile is kept as part of another one: ask there. */
export interface Moved {
  status: "moved";
  to: string;
}

/** What came of merging a profile into another. */
export type MergeResult =
  /** From now on what is sent to it goes there; `moving` while its history is still on the way. */
  | { status: "merged"; into: string; moving: boolean }
  /** It was merged before, into this one. */
  | { status: "already"; into: string }
  /** The other one is part of it, or about to be. */
  | { status: "same" }
  | { status: "refused"; detail: string }
  /** Not decided: one of them is in the middle of another merge, or cannot be reached. Ask again. */
  | { status: "waiting" };

/** What came of taking a merged profile out again. */
export type UnmergeResult =
  /** What is sent to it stays there again; `moving` while its history is still on the way back. */
  | { status: "unmerged"; from: string; members: string[]; moving: boolean }
  | { status: "not-merged" }
  | { status: "waiting" };

/** A profile that was merged, and into which. */
export interface Member {
  name: string;
  into: string;
  /** Of this merge: whatever belongs to an earlier one and comes late is told by it. */
  epoch: string;
}

/** A profile that wants to be merged, with all that were merged into it. */
export interface Offer {
  name: string;
  epoch: string;
  members: Member[];
  /** What was erased from them: known before the first event that is sent to them comes. */
  erasures: Required<Erasure>[];
}

export type Adopted =
  | { status: "accepted" }
  /** It is itself about to be merged. */
  | { status: "pending"; to: string }
  | { status: "refused"; detail: string }
  | { status: "waiting" }
  | Moved;

/** A profile that is given its own back. */
export interface Return {
  /** Where it was. */
  from: string;
  epoch: string;
  /** Of the merge that is undone. */
  merge: string;
  /** What was merged into it. */
  members: Member[];
  erasures: Required<Erasure>[];
}

/** A part of a journal on its way. Each event says whose it is: `origin` is always set. */
export interface Parcel {
  /** From 1, one after the other. */
  number: number;
  events: Event[];
  isLast: boolean;
}

export type Standing = { status: "root" } | { status: "pending"; to: string } | Moved;

/** The part of the profile object's RPC that joins and parts profiles. */
export interface MergeRpc {
  /** Merges this profile into another one. Repeated it is harmless. */
  merge(user: string, into: string): Promise<MergeResult | Failed>;
  /** Takes a profile out that was merged into this one, with all that was merged into it. */
  unmerge(user: string, member: string): Promise<UnmergeResult | Moved | Failed>;
  /** Whether this profile is kept by itself. */
  standing(user: string): Promise<Standing | Failed>;

  // Between objects:
  adopt(user: string, offer: Offer): Promise<Adopted | Failed>;
  restore(user: string, back: Return): Promise<{ status: "restored" | "waiting" } | Failed>;
  take(user: string, epoch: string, parcel: Parcel): Promise<{ status: "taken" } | Failed>;
}

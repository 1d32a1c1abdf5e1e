import type { Event, JsonObject } from "../events/event.ts";
import type { Exploration } from "../kernel/rank.ts";
import type { MergeRpc, Moved } from "./merge-contract.ts";

/** What became of one event. */
export type Receipt =
  | { id: string; status: "applied" }
  /** Known already. `conflict` when the body differs from the first one, which is kept. */
  | { id: string; status: "duplicate"; conflict?: true }
  /** Older than the kept history. */
  | { id: string; status: "late"; code: string; detail: string }
  | { id?: string; status: "rejected"; code: string; pointer: string; detail: string }
  /** The user's data may not be processed. */
  | { id: string; status: "suppressed"; code: string; detail: string }
  /** Not decided: send it again, the id makes that harmless. */
  | { id: string; status: "retry"; code: string; detail: string };

/** What the profile object answers to a batch: a receipt per event, in the order given. */
export interface Ingested {
  status: "ingested";
  version: number;
  receipts: Receipt[];
}

/** How a profile is read. */
export interface ReadOptions {
  /** Evaluate decay, windows and scores at this time (ms); the time of the read without it. */
  at?: number;
  /** Top-level members to return; all without it. */
  fields?: string[];
  /** The version the caller has: `unchanged` is the answer when it is still the newest. */
  ifVersion?: number;
}

/** The profile as JSON text with its version; or that there is nothing new, nothing at all, or nothing that far back. */
export type ReadResult = { status: "found"; version: number; json: string } | Unread;

export type Unread =
  | { status: "unchanged"; version: number }
  | { status: "unknown" }
  | { status: "forgotten" };

/** Which events to list, newest first unless told otherwise. */
export interface EventsQuery {
  /** Only of this name, or of one of these. */
  name?: string | string[];
  /** None of these names. */
  otherThan?: string[];
  oldestFirst?: true;
  /** Inclusive, ms. */
  from?: number;
  /** Exclusive, ms. */
  to?: number;
  /** 1 to 200. */
  limit: number;
  /** Where the page before ended: the `next` of its answer. */
  cursor?: { time: number; id: string };
}

export interface EventsPage {
  status: "listed";
  events: Event[];
  next?: { time: number; id: string };
}

export interface Candidate {
  id: string;
  properties: JsonObject;
}

export interface RankRequest {
  candidates: Candidate[];
  /** How many of the best to return. */
  limit: number;
  /** With the contribution of each feature to the score. */
  explain: boolean;
  /** Which of the definition's models ranks; its first without it. */
  model?: string;
  /** How to order them; by probability without it. */
  explore?: { how: Exploration; seed: number };
}

export interface Ranked {
  id: string;
  /** The probability that the model's target happens. */
  score: number;
  /** Standard deviation of the probability: how sure the model is. */
  sd: number;
  /** With exploration: the probability that this candidate comes first. */
  propensity?: number;
  /** Log-odds by feature, largest first; their sum with the bias is the log-odds of `score` before it is moderated by `sd`. */
  contributions?: { feature: string; value: number }[];
}

export type RankResult =
  | { status: "ranked"; version: number; model: string; ranked: Ranked[] }
  | { status: "no-model"; models: string[] }
  /** More candidates than can be explored at once. */
  | { status: "too-many"; most: number };

/** `parts` are the profiles that were merged into this one: what is erased from it is erased from each. */
export type ErasedResult =
  /** It is out, or was before, and stays out. */
  | { status: "erased"; version: number; parts: string[] }
  | { status: "unknown"; parts: string[] }
  /** Part of the profile is on its way to or from another one, and the event may be in it. */
  | { status: "merging" };

/** What a profile would be: with more events, or under a draft of a definition. */
export interface PreviewRequest {
  events: Event[];
  /** A draft to fold under, as written in a file. */
  definition?: unknown;
  at?: number;
}

export type PreviewResult =
  | { status: "previewed"; json: string }
  | { status: "invalid"; issues: { pointer: string; detail: string }[] }
  /** The history is too long to be folded under a draft. */
  | { status: "too-long"; most: number };

/** What is stored cannot be read: it is damaged, or newer code wrote it. Nothing was changed. */
export interface Failed {
  status: "failed";
  code: "state-corrupt" | "state-newer";
}

/** The profile at this moment, for those who follow it; version 0 and no profile when there is none. */
export interface Looked {
  status: "looked";
  version: number;
  profile: object | undefined;
}

/** Why no reader is taken in: the profile has as many as it may. */
export interface LiveRefused {
  status: "full";
  most: number;
}

/**
 * The RPC of the profile object. `user` is the profile's id, kept with the profile and never in the object's name. A
 * profile that was merged into another answers all of it with where that is.
 */
export interface ProfileRpc extends MergeRpc {
  /**
   * Takes in events, as `lines.ts` writes them; `origin` is the profile that they were sent to, where that one has moved
   * here. When all of them are applied, which is the rule, the answer is the new version alone: a copy of objects costs
   * more than the fold.
   */
  ingest(user: string, lines: string, origin?: string): Promise<number | Ingested | Moved | Failed>;
  /** A profile is answered as one text, which is cheaper than an object: its version, a space, and the JSON. */
  read(options?: ReadOptions): Promise<string | Unread | Moved | Failed>;
  events(query: EventsQuery): Promise<EventsPage | Moved | Failed>;
  rank(request: RankRequest): Promise<RankResult | Moved | Failed>;
  /** Takes an event out, for good; one that is not here is turned away from now on only when it is `expected`. */
  erase(user: string, eventId: string, expected?: boolean): Promise<ErasedResult | Moved | Failed>;
  preview(user: string, request: PreviewRequest): Promise<PreviewResult | Moved | Failed>;
}

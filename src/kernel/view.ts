/** What the folded state says at one moment: the numbers of a profile, read from the kernel's bytes. */
export interface View {
  /** Events folded, parts not counted. */
  events: number;
  /** Times of the first and the last event, ms; null before the first. */
  firstSeen: number | null;
  lastSeen: number | null;
  numbers: Record<string, NumberView>;
  interests: Record<string, InterestView>;
  windows: Record<string, WindowView>;
  scores: Record<string, ScoreView>;
}

/** Lifetime statistics of a number; all null but `count` and `sum` before the first value. */
export interface NumberView {
  count: number;
  sum: number;
  mean: number | null;
  sd: number | null;
  min: number | null;
  max: number | null;
  median: number | null;
  last: number | null;
}

/** The kept keys of a dimension, heaviest first (equals by key). */
export interface InterestView {
  /** The decayed weight of all keys ever seen, kept or not. */
  total: number;
  /** `weight` is at most `error` above the true decayed weight; `share` = weight / total. */
  top: { key: string; weight: number; error: number; share: number }[];
}

export interface WindowView {
  events: number;
  value: number;
  /** By event name, those that are not 0. */
  counts: Record<string, number>;
}

export interface ScoreView {
  /** Of a positive, for the user as they are now, with no candidate. */
  probability: number;
  sd: number;
  examples: number;
  positives: number;
  /** Above 0 when recent predictions rise; null before the first example. */
  trend: number | null;
}

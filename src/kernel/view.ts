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
  quality: Record<string, QualityView>;
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
  /** Outliers that the gate drew in before they entered mean, deviation and median. */
  clipped: number;
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
  /** The probability corrected by how past ones turned out (Platt). */
  calibrated: number;
  examples: number;
  positives: number;
  /** Examples that wait for their outcome. */
  pending: number;
  /** Examples that were not taken because too many waited. */
  skipped: number;
  /** Above 0 when recent predictions rise; null before the first example. */
  trend: number | null;
}

/** How well a model has predicted the user's examples, each before it was learned; null before the first. */
export interface QualityView {
  examples: number;
  logLoss: number | null;
  /** Of always predicting the rate of positives so far. */
  baseLogLoss: number | null;
  /** Of the prior alone on the same examples; null without a prior. */
  priorLogLoss: number | null;
  accuracy: number | null;
  calibration: {
    slope: number;
    intercept: number;
    /** Expected calibration error. */
    ece: number | null;
    /** Tenths of the predicted probability: how many, their mean, how many of them were positive. */
    bins: { count: number; meanProbability: number | null; positives: number }[];
  };
  drift: { detections: number /** Of the last one, ms. */; lastAt: number | null };
  /** The rate of positives under a uniform choice, from propensities; null without any. */
  uniformRate: number | null;
}

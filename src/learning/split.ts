import type { Examples } from "./examples.ts";

/** Examples to learn from, and later ones to be measured on. */
export interface Split {
  /** In the order of their times. */
  train: Uint32Array;
  measured: Uint32Array;
  /** No measured example is at or after this time (ms since 1970). */
  until: number;
}

/**
 * The time (ms since 1970) before which that share of the examples lies; those of one moment stay on one side.
 */
export function timeAt({ byTime, time, count }: Examples, share: number): number {
  const example = byTime[Math.min(Math.floor(share * count), count - 1)];
  return share >= 1 || example === undefined ? Number.POSITIVE_INFINITY : (time[example] ?? Number.NaN);
}

/** Trains on what was known at a time, measures on what comes in a later span. */
export function splitAt(
  { byTime, time }: Examples,
  trainUntil: number,
  measureFrom: number,
  until: number,
): Split {
  return {
    train: byTime.filter((i) => (time[i] ?? 0) < trainUntil),
    measured: byTime.filter((i) => (time[i] ?? 0) >= measureFrom && (time[i] ?? 0) < until),
    until,
  };
}

/**
 * Blocked forward-chaining cross-validation: of `folds` + 1 blocks of equal counts in the order of time, the k-th fold
 * trains on the first k and measures on the one after. Never random splits: they would let a model know the future.
 */
export function forwardChain(examples: Examples, folds: number): Split[] {
  return Array.from({ length: folds }, (_, k) => {
    const [start, end] = [timeAt(examples, (k + 1) / (folds + 1)), timeAt(examples, (k + 2) / (folds + 1))];
    return splitAt(examples, start, start, end);
  });
}

/** The probability of a positive, and its standard deviation where the learner knows it (else 0). */
export interface Prediction {
  probability: number;
  sd: number;
}

/** An example or candidate as learners see it. In both vectors the bias comes first and is 1. */
export interface Input {
  /** The features as they are, NaN where missing. */
  x: number[];
  /** The features standardised, 0 where missing. */
  z: number[];
}

export interface Learner {
  predict(input: Input): Prediction;
  /** Takes one example; y is 0 or 1. */
  learn(input: Input, y: number): void;
  /** What each value adds to the logit, for explanations. */
  contributions(input: Input): number[];
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function dot(w: number[], z: number[]): number {
  let sum = 0;
  for (let j = 0; j < z.length; j++) sum += (w[j] ?? 0) * (z[j] ?? 0);
  return sum;
}

/** What each value adds to the logit of a linear learner. */
export function terms(w: number[], z: number[]): number[] {
  return z.map((value, j) => (w[j] ?? 0) * value);
}

/** Weights to start from: the prior's, or zeros. */
export function startFrom(prior: number[] | undefined, size: number): number[] {
  return prior === undefined ? new Array<number>(size).fill(0) : [...prior];
}

/** The probability of a positive, and its standard deviation where the learner knows it (else 0). */
export interface Prediction {
  probability: number;
  sd: number;
}

/** Learns from standardised features, the bias first. */
export interface Learner {
  predict(z: number[]): Prediction;
  /** Takes one example; y is 0 or 1. */
  learn(z: number[], y: number): void;
  /** The weight that multiplies z[j], for explanations. */
  weight(j: number): number;
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

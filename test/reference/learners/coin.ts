import { type Input, type Learner, type Prediction, sigmoid } from "./learner.ts";

const LARGEST_LOGIT = 50;
/** Keeps the mean squared norm above 0 while nothing has been seen. */
const NOTHING = 1e-6;

/**
 * Logistic regression by coin betting (Orabona and Tommasi 2017), as `--coin` of Vowpal Wabbit has it
 * (`ftrl.cc`, where the largest derivative of the log loss is 1). It takes features as they are: each is
 * measured against the largest seen of it, and there is no rate.
 */
export class Coin implements Learner {
  /** What each feature's bettor owns at first. */
  private readonly alpha: number;
  /** M: the largest |x|. */
  private readonly largest: number[];
  /** Z: minus the sum of the gradients. G: the sum of their sizes. R: what the bets have won. */
  private readonly sum: number[];
  private readonly sizes: number[];
  private readonly reward: number[];
  /** Of x measured against the largest, the sum over steps of the squared norm. */
  private norms = 0;
  private steps = 0;

  constructor(size: number, { alpha }: { alpha: number }) {
    this.alpha = alpha;
    this.largest = new Array<number>(size).fill(0);
    this.sum = new Array<number>(size).fill(0);
    this.sizes = new Array<number>(size).fill(0);
    this.reward = new Array<number>(size).fill(0);
  }

  predict({ x }: Input): Prediction {
    let logit = 0;
    let norm = 0;
    for (let j = 0; j < x.length; j++) {
      const value = known(x[j]);
      if (value === 0) continue;
      const largest = Math.max(this.largest[j] ?? 0, Math.abs(value));
      logit += this.weight(j, largest) * value;
      norm += (value / largest) ** 2;
    }
    logit /= this.meanNorm(norm);
    return { probability: sigmoid(Math.max(-LARGEST_LOGIT, Math.min(LARGEST_LOGIT, logit))), sd: 0 };
  }

  learn(input: Input, y: number): void {
    const g = this.predict(input).probability - y;
    this.norms += this.norm(input.x);
    this.steps += 1;
    for (let j = 0; j < input.x.length; j++) {
      const value = known(input.x[j]);
      if (value === 0) continue; // A gradient of 0 changes nothing.
      const largest = Math.max(this.largest[j] ?? 0, Math.abs(value));
      const gradient = g * value;
      this.reward[j] = (this.reward[j] ?? 0) - gradient * this.weight(j, largest);
      this.largest[j] = largest;
      this.sum[j] = (this.sum[j] ?? 0) - gradient;
      this.sizes[j] = (this.sizes[j] ?? 0) + Math.abs(gradient);
    }
  }

  contributions({ x }: Input): number[] {
    const meanNorm = this.meanNorm(this.norm(x));
    return x.map((entry, j) => {
      const value = known(entry);
      const largest = Math.max(this.largest[j] ?? 0, Math.abs(value));
      return value === 0 ? 0 : (this.weight(j, largest) * value) / meanNorm;
    });
  }

  /** The bet on a feature, before it is divided by the mean norm; `largest` is above 0. */
  private weight(j: number, largest: number): number {
    const wealth = this.alpha + (this.reward[j] ?? 0);
    return (wealth / (largest * (largest + (this.sizes[j] ?? 0)))) * (this.sum[j] ?? 0);
  }

  private norm(x: number[]): number {
    let norm = 0;
    for (let j = 0; j < x.length; j++) {
      const value = known(x[j]);
      if (value !== 0) norm += (value / Math.max(this.largest[j] ?? 0, Math.abs(value))) ** 2;
    }
    return norm;
  }

  /** ν: the mean of the squared norms over all steps and one more. */
  private meanNorm(norm: number): number {
    return (this.norms + norm + NOTHING) / (this.steps + 1);
  }
}

/** A missing value counts as 0. */
function known(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value;
}

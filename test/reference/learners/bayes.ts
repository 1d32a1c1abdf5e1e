import { type Input, type Learner, type Prediction, sigmoid } from "./learner.ts";

/**
 * The user's own effect over a prior: logistic regression by an extended Kalman filter with a diagonal
 * covariance, whose every step first forgets toward the prior (a power prior, Ibrahim and Chen 2000).
 * What is served is the probability averaged over the uncertainty, by MacKay's approximation (1992).
 */
export class Bayes implements Learner {
  private readonly prior: number[];
  /** τ², the variance of a user's effect before anything is known of them. */
  private readonly tau2: number;
  private readonly forget: number;
  /** Mean and variance of the user's effect on each weight. */
  private readonly m: number[];
  private readonly s: number[];

  /** `prior`: the global weights, none for a prior of zeros. */
  constructor(size: number, options: { variance: number; forget: number }, prior: number[] = []) {
    this.prior = prior;
    this.tau2 = options.variance;
    this.forget = options.forget;
    this.m = new Array<number>(size).fill(0);
    this.s = new Array<number>(size).fill(options.variance);
  }

  predict({ z }: Input): Prediction {
    const v = this.logitVariance(z);
    const kept = 1 / Math.sqrt(1 + (Math.PI * v) / 8);
    const probability = sigmoid(kept * this.logit(z));
    const spread = probability * (1 - probability);
    return { probability, sd: Math.min(spread * Math.sqrt(v), Math.sqrt(spread * (1 - kept))) };
  }

  learn({ z }: Input, y: number): void {
    if (this.tau2 === 0) return; // The user has no effect of their own; forgetting would divide 0 by 0.
    this.forgetTowardPrior();
    const p = sigmoid(this.logit(z));
    const h = p * (1 - p);
    const denominator = 1 + h * this.logitVariance(z);
    for (let j = 0; j < z.length; j++) {
      const s = this.s[j] ?? 0;
      const sz = s * (z[j] ?? 0);
      this.m[j] = (this.m[j] ?? 0) + (sz * (y - p)) / denominator;
      this.s[j] = s - (h * sz * sz) / denominator;
    }
  }

  contributions({ z }: Input): number[] {
    return z.map((value, j) => ((this.prior[j] ?? 0) + (this.m[j] ?? 0)) * value);
  }

  /**
   * Precisions mix: 1/S' = (1−ε)/S + ε/τ² and m'/S' = (1−ε)·m/S. Written with S'/S, which stays finite when
   * rounding has brought S to 0.
   */
  private forgetTowardPrior(): void {
    const kept = 1 - this.forget;
    for (let j = 0; j < this.s.length; j++) {
      const s = this.s[j] ?? 0;
      const ratio = this.tau2 / (kept * this.tau2 + this.forget * s);
      this.s[j] = s * ratio;
      this.m[j] = (this.m[j] ?? 0) * kept * ratio;
    }
  }

  private logit(z: number[]): number {
    let logit = 0;
    for (let j = 0; j < z.length; j++) logit += ((this.prior[j] ?? 0) + (this.m[j] ?? 0)) * (z[j] ?? 0);
    return logit;
  }

  private logitVariance(z: number[]): number {
    let v = 0;
    for (let j = 0; j < z.length; j++) v += (this.s[j] ?? 0) * (z[j] ?? 0) ** 2;
    return v;
  }
}

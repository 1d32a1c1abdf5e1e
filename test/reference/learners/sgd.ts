import { dot, type Input, type Learner, type Prediction, sigmoid, startFrom, terms } from "./learner.ts";

interface SgdOptions {
  rate: number;
  biasRate: number;
  l1: number;
  l2: number;
}

/**
 * Logistic regression by stochastic gradient descent on the log loss (Robbins and Monro, 1951). L1 shrinks
 * after the step and stops at 0 (truncated gradient, Langford et al. 2009); the bias has no penalty.
 */
export class Sgd implements Learner {
  private readonly options: SgdOptions;
  private readonly w: number[];

  /** `prior`: the weights to start from. */
  constructor(size: number, options: SgdOptions, prior?: number[]) {
    this.options = options;
    this.w = startFrom(prior, size);
  }

  predict({ z }: Input): Prediction {
    return { probability: sigmoid(dot(this.w, z)), sd: 0 };
  }

  learn({ z }: Input, y: number): void {
    const { rate, biasRate, l1, l2 } = this.options;
    const g = sigmoid(dot(this.w, z)) - y;
    this.w[0] = (this.w[0] ?? 0) - biasRate * g;
    for (let j = 1; j < z.length; j++) {
      const w = this.w[j] ?? 0;
      const stepped = w - rate * (g * (z[j] ?? 0) + l2 * w);
      this.w[j] = Math.sign(stepped) * Math.max(0, Math.abs(stepped) - rate * l1);
    }
  }

  contributions({ z }: Input): number[] {
    return terms(this.w, z);
  }
}

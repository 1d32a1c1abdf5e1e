import { type Learner, type Prediction, sigmoid } from "./learner.ts";

/** Logistic regression by stochastic gradient descent on the log loss (Robbins and Monro, 1951). */
export class Sgd implements Learner {
  private readonly rate: number;
  private readonly biasRate: number;
  private readonly l2: number;
  private readonly w: number[];

  constructor(size: number, { rate, biasRate, l2 }: { rate: number; biasRate: number; l2: number }) {
    this.rate = rate;
    this.biasRate = biasRate;
    this.l2 = l2;
    this.w = new Array<number>(size).fill(0);
  }

  predict(z: number[]): Prediction {
    return { probability: this.probability(z), sd: 0 };
  }

  learn(z: number[], y: number): void {
    const g = this.probability(z) - y;
    this.w[0] = this.weight(0) - this.biasRate * g;
    for (let j = 1; j < z.length; j++) {
      const w = this.w[j] ?? 0;
      this.w[j] = w - this.rate * (g * (z[j] ?? 0) + this.l2 * w);
    }
  }

  weight(j: number): number {
    return this.w[j] ?? 0;
  }

  private probability(z: number[]): number {
    let logit = 0;
    for (let j = 0; j < z.length; j++) logit += (this.w[j] ?? 0) * (z[j] ?? 0);
    return sigmoid(logit);
  }
}

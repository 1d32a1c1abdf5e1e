import { dot, type Input, type Learner, type Prediction, sigmoid, terms } from "./learner.ts";

interface FtrlOptions {
  alpha: number;
  beta: number;
  l1: number;
  l2: number;
}

/**
 * Logistic regression that follows the proximally regularised leader, with a rate per feature (McMahan et
 * al., KDD 2013, algorithm 1). The bias has no penalty.
 */
export class Ftrl implements Learner {
  private readonly options: FtrlOptions;
  /** The paper's z: the sum of the gradients, each corrected by its step. */
  private readonly a: number[];
  /** Sum of the squared gradients. */
  private readonly n: number[];
  /** The weights that follow from a and n. */
  private readonly w: number[];

  constructor(size: number, options: FtrlOptions) {
    this.options = options;
    this.a = new Array<number>(size).fill(0);
    this.n = new Array<number>(size).fill(0);
    this.w = new Array<number>(size).fill(0);
  }

  predict({ z }: Input): Prediction {
    return { probability: sigmoid(dot(this.w, z)), sd: 0 };
  }

  learn({ z }: Input, y: number): void {
    const { alpha, beta } = this.options;
    const g = sigmoid(dot(this.w, z)) - y;
    for (let j = 0; j < z.length; j++) {
      const gradient = g * (z[j] ?? 0);
      const before = this.n[j] ?? 0;
      const n = before + gradient * gradient;
      const root = Math.sqrt(n);
      const a = (this.a[j] ?? 0) + gradient - ((root - Math.sqrt(before)) / alpha) * (this.w[j] ?? 0);
      const l1 = j === 0 ? 0 : this.options.l1;
      const l2 = j === 0 ? 0 : this.options.l2;
      this.n[j] = n;
      this.a[j] = a;
      this.w[j] = Math.abs(a) <= l1 ? 0 : -(a - Math.sign(a) * l1) / ((beta + root) / alpha + l2);
    }
  }

  contributions({ z }: Input): number[] {
    return terms(this.w, z);
  }
}

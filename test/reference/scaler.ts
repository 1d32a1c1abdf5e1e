const LARGEST = 1e6;
const NOISE = 1e-10;

/**
 * Standardises features by what was seen of each so far (Welford 1962, population variance; the protocol is
 * River's StandardScaler). A missing value teaches nothing and is 0 when scaled: the mean.
 */
export class Scaler {
  private readonly n: number[];
  private readonly mean: number[];
  private readonly variance: number[];

  /** `size`: how many values, the bias not counted. */
  constructor(size: number) {
    this.n = new Array<number>(size).fill(0);
    this.mean = new Array<number>(size).fill(0);
    this.variance = new Array<number>(size).fill(0);
  }

  learn(x: number[]): void {
    for (let j = 0; j < x.length; j++) {
      const value = x[j] ?? NaN;
      if (Number.isNaN(value)) continue;
      const n = (this.n[j] ?? 0) + 1;
      const before = this.mean[j] ?? 0;
      const after = before + (value - before) / n;
      const variance = this.variance[j] ?? 0;
      this.n[j] = n;
      this.mean[j] = after;
      this.variance[j] = variance + ((value - before) * (value - after) - variance) / n;
    }
  }

  /** The vector a learner sees: the bias, then the standardised values. */
  scale(x: number[]): number[] {
    const z = new Array<number>(x.length + 1).fill(1);
    for (let j = 0; j < x.length; j++) {
      const value = x[j] ?? NaN;
      const variance = this.variance[j] ?? 0;
      const mean = this.mean[j] ?? 0;
      const known = variance > NOISE * mean * mean && !Number.isNaN(value);
      const scaled = (value - mean) / Math.sqrt(variance);
      z[j + 1] = known ? Math.min(Math.max(scaled, -LARGEST), LARGEST) : 0;
    }
    return z;
  }
}

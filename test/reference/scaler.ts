const LARGEST = 1e6;
const NOISE = 1e-10;

/** Statistics of the features over all users, a value per index, the bias first. */
export interface Scale {
  means: number[];
  variances: number[];
}

/**
 * Standardises features by what was seen of each so far (Welford 1962, population variance; the protocol is
 * River's StandardScaler). A missing value teaches nothing and is 0 when scaled: the mean.
 */
export class Scaler {
  private readonly n: number[];
  private readonly mean: number[];
  private readonly variance: number[];
  /** A prior's statistics stand, or what its weights mean would drift. */
  private readonly fixed: boolean;

  /** `size`: how many values, the bias among them. */
  constructor(size: number, prior?: Scale) {
    this.n = new Array<number>(size).fill(0);
    this.mean = prior === undefined ? new Array<number>(size).fill(0) : [...prior.means];
    this.variance = prior === undefined ? new Array<number>(size).fill(0) : [...prior.variances];
    this.fixed = prior !== undefined;
  }

  learn(x: number[]): void {
    if (this.fixed) return;
    for (let j = 1; j < x.length; j++) {
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

  /** The standardised values; the bias stays 1. */
  scale(x: number[]): number[] {
    const z = new Array<number>(x.length).fill(1);
    for (let j = 1; j < x.length; j++) {
      const value = x[j] ?? NaN;
      const variance = this.variance[j] ?? 0;
      const mean = this.mean[j] ?? 0;
      const known = variance > NOISE * mean * mean && !Number.isNaN(value);
      const scaled = (value - mean) / Math.sqrt(variance);
      z[j] = known ? Math.min(Math.max(scaled, -LARGEST), LARGEST) : 0;
    }
    return z;
  }
}

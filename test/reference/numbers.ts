import type { NumberView } from "../../src/kernel/view.ts";
import { P2Median } from "./median.ts";

/**
 * Running statistics of one number. Mean and variance are Welford's (1962) in their weighted form
 * (West, CACM 1979), every weight halved per half-life; count, sum, min, max and median never fade.
 */
export class RunningNumber {
  private readonly halfLifeMs: number;
  private count = 0;
  private sum = 0;
  private min = Infinity;
  private max = -Infinity;
  private last = NaN;
  private lastMs = 0;
  private weight = 0;
  private mean = 0;
  private m2 = 0;
  private readonly median = new P2Median();

  /** Without a half-life (Infinity) old values count like new ones. */
  constructor(halfLifeMs = Infinity) {
    this.halfLifeMs = halfLifeMs;
  }

  add(x: number, timeMs: number): void {
    const fade = this.count === 0 ? 1 : 2 ** (-(timeMs - this.lastMs) / this.halfLifeMs);
    this.weight = fade * this.weight + 1;
    const delta = x - this.mean;
    this.mean += delta / this.weight;
    this.m2 = fade * this.m2 + delta * (x - this.mean);
    this.count += 1;
    this.sum += x;
    if (x < this.min) this.min = x;
    if (x > this.max) this.max = x;
    this.last = x;
    this.lastMs = timeMs;
    this.median.add(x);
  }

  view(): NumberView {
    if (this.count === 0) {
      return { count: 0, sum: 0, mean: null, sd: null, min: null, max: null, median: null, last: null };
    }
    return {
      count: this.count,
      sum: this.sum,
      mean: this.mean,
      sd: Math.sqrt(this.m2 / this.weight),
      min: this.min,
      max: this.max,
      median: this.median.estimate(),
      last: this.last,
    };
  }
}

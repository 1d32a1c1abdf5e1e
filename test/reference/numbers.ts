import { durationMs, type NumberDefinition } from "../../src/definition/schema.ts";
import type { NumberView } from "../../src/kernel/view.ts";
import { Gate } from "./gate.ts";
import { P2Median } from "./median.ts";
import { fromScale, type ScaleName, toScale } from "./scale.ts";

/** How a number is kept; without anything, all values weigh the same as they are. */
export type NumberOptions = Partial<Pick<NumberDefinition, "halfLife" | "scale" | "outliers">>;

/**
 * Running statistics of one number. Mean and variance are Welford's (1962) in their weighted form
 * (West, CACM 1979), every weight halved per half-life; count, sum, min, max and median never fade. Mean,
 * deviation and median are of what the gate lets through, on the number's scale; the rest is of the values
 * as they are.
 */
export class RunningNumber {
  private readonly halfLifeMs: number;
  private readonly scale: ScaleName;
  private readonly gate: Gate | undefined;
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

  constructor({ halfLife, scale, outliers }: NumberOptions = {}) {
    this.halfLifeMs = halfLife === undefined ? Infinity : durationMs(halfLife);
    this.scale = scale ?? "linear";
    this.gate = outliers === undefined ? undefined : new Gate(outliers);
  }

  add(x: number, timeMs: number): void {
    const scaled = toScale(this.scale, x);
    const u = this.gate === undefined ? scaled : this.gate.pass(scaled);
    const fade = this.count === 0 ? 1 : 2 ** (-(timeMs - this.lastMs) / this.halfLifeMs);
    this.weight = fade * this.weight + 1;
    const delta = u - this.mean;
    this.mean += delta / this.weight;
    this.m2 = fade * this.m2 + delta * (u - this.mean);
    this.median.add(u);

    this.count += 1;
    this.sum += x;
    if (x < this.min) this.min = x;
    if (x > this.max) this.max = x;
    this.last = x;
    this.lastMs = timeMs;
  }

  view(): NumberView {
    const { count, sum } = this;
    if (count === 0) {
      const nothing = { mean: null, sd: null, min: null, max: null, median: null, last: null };
      return { count, sum, ...nothing, clipped: 0 };
    }
    return {
      count,
      sum,
      mean: fromScale(this.scale, this.mean),
      sd: Math.sqrt(this.m2 / this.weight),
      min: this.min,
      max: this.max,
      median: fromScale(this.scale, this.median.estimate()),
      last: this.last,
      clipped: this.gate?.clipped ?? 0,
    };
  }
}

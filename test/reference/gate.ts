import type { NumberDefinition } from "../../src/definition/schema.ts";
import { median } from "./median.ts";

type Outliers = NonNullable<NumberDefinition["outliers"]>;

/** What a gate takes as normal: values within `radius` of the centre. */
interface Normal {
  centre: number;
  radius: number;
}

/** What a gate knows of the values that it let through. */
interface Level {
  /** Undefined while too little is known, or the values never varied. */
  normal(): Normal | undefined;
  take(u: number): void;
  /** Forgets everything. */
  clear(): void;
}

/**
 * Draws outliers in before they enter a number's statistics. Several in a row on one side are no outliers
 * but a new level, from which the gate starts anew.
 */
export class Gate {
  private readonly level: Level;
  private readonly reopen: number;
  /** Outliers in a row, and the side they are on: 1 above, -1 below. */
  private row = 0;
  private side = 0;
  clipped = 0;

  constructor(outliers: Outliers) {
    this.level = outliers.rule === "zscore" ? new RecentMoments(outliers) : new RecentMedian(outliers);
    this.reopen = outliers.reopen;
  }

  /** The value as it enters the statistics. */
  pass(u: number): number {
    const normal = this.level.normal();
    if (normal === undefined || !(Math.abs(u - normal.centre) > normal.radius)) {
      this.row = 0;
      this.level.take(u);
      return u;
    }
    const side = u > normal.centre ? 1 : -1;
    this.row = side === this.side ? this.row + 1 : 1;
    this.side = side;
    if (this.row === this.reopen) {
      this.row = 0;
      this.level.clear();
      this.level.take(u);
      return u;
    }
    this.clipped += 1;
    const drawn = normal.centre + side * normal.radius;
    this.level.take(drawn);
    return drawn;
  }
}

/** Fewer values than these say nothing about what is normal. */
const LEAST_FOR_MOMENTS = 10;
const LEAST_FOR_MEDIAN = 5;
/** From the median absolute deviation to the standard deviation of a normal distribution. */
const NORMAL_CONSISTENCY = 1.4826;

/** Exponentially weighted mean and variance. */
class RecentMoments implements Level {
  private readonly threshold: number;
  private readonly rate: number;
  private n = 0;
  private mean = 0;
  private variance = 0;

  constructor({ threshold, rate }: { threshold: number; rate: number }) {
    this.threshold = threshold;
    this.rate = rate;
  }

  normal(): Normal | undefined {
    // Written so that a variance that is not a number, as after values of 1e200, says nothing either.
    if (!(this.n >= LEAST_FOR_MOMENTS && this.variance > 0)) return undefined;
    return { centre: this.mean, radius: this.threshold * Math.sqrt(this.variance) };
  }

  take(u: number): void {
    this.n += 1;
    const a = Math.max(1 / this.n, this.rate);
    const delta = u - this.mean;
    this.mean += a * delta;
    this.variance = (1 - a) * (this.variance + a * delta * delta);
  }

  clear(): void {
    this.n = 0;
    this.mean = 0;
    this.variance = 0;
  }
}

/** Median and median absolute deviation of the last values (Hampel 1974). */
class RecentMedian implements Level {
  private readonly threshold: number;
  private readonly of: number;
  private readonly ring: number[] = [];
  /** The oldest value's place in a full ring. */
  private oldest = 0;

  constructor({ threshold, of }: { threshold: number; of: number }) {
    this.threshold = threshold;
    this.of = of;
  }

  normal(): Normal | undefined {
    if (this.ring.length < LEAST_FOR_MEDIAN) return undefined;
    const centre = median(this.ring);
    const spread = NORMAL_CONSISTENCY * median(this.ring.map((u) => Math.abs(u - centre)));
    return spread > 0 ? { centre, radius: this.threshold * spread } : undefined;
  }

  take(u: number): void {
    if (this.ring.length < this.of) {
      this.ring.push(u);
      return;
    }
    this.ring[this.oldest] = u;
    this.oldest = (this.oldest + 1) % this.of;
  }

  clear(): void {
    this.ring.length = 0;
    this.oldest = 0;
  }
}

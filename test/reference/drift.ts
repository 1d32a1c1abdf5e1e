import type { QualityView } from "../../src/kernel/view.ts";

export interface DriftOptions {
  delta: number;
  threshold: number;
  minExamples: number;
}

/** Finds when the log loss has risen for good: the test of Page (1954) and Hinkley. */
export class PageHinkley {
  private readonly options: DriftOptions;
  private n = 0;
  private mean = 0;
  /** How far the losses have run above their mean, and the least that this was. */
  private sum = 0;
  private least = 0;
  private detections = 0;
  private lastAt: number | null = null;

  constructor(options: DriftOptions) {
    this.options = options;
  }

  add(loss: number, timeMs: number): void {
    const { delta, threshold, minExamples } = this.options;
    this.n += 1;
    this.mean += (loss - this.mean) / this.n;
    this.sum += loss - this.mean - delta;
    this.least = Math.min(this.least, this.sum);
    if (this.n < minExamples || this.sum - this.least <= threshold) return;
    this.detections += 1;
    this.lastAt = timeMs;
    this.n = 0;
    this.mean = 0;
    this.sum = 0;
    this.least = 0;
  }

  view(): QualityView["drift"] {
    return { detections: this.detections, lastAt: this.lastAt };
  }
}

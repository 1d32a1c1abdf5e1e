import type { QualityView } from "../../src/kernel/view.ts";
import { sigmoid } from "./learners/learner.ts";

const BINS = 10;
const LARGEST_LOGIT = 15;
const START_VARIANCE = 0.25;

/** Whether probabilities mean what they say: by tenths, and by Platt's correction (1999) learned online. */
export class Calibration {
  private readonly bins: { count: number; sum: number; positives: number }[];
  private slope = 1;
  private intercept = 0;
  /** The covariance of slope and intercept. */
  private slopeVariance = START_VARIANCE;
  private interceptVariance = START_VARIANCE;
  private covariance = 0;

  constructor() {
    this.bins = Array.from({ length: BINS }, () => ({ count: 0, sum: 0, positives: 0 }));
  }

  add(probability: number, y: number): void {
    const bin = this.bins[Math.min(BINS - 1, Math.floor(BINS * probability))];
    if (bin === undefined) throw new Error(`expected a probability, found ${probability}`);
    bin.count += 1;
    bin.sum += probability;
    bin.positives += y;
    this.correct(boundedLogit(probability), y);
  }

  /** The probability corrected by how past ones turned out. */
  calibrated(probability: number): number {
    return sigmoid(this.slope * boundedLogit(probability) + this.intercept);
  }

  view(): QualityView["calibration"] {
    const examples = this.bins.reduce((sum, { count }) => sum + count, 0);
    const error = this.bins.reduce((sum, bin) => sum + Math.abs(bin.positives - bin.sum), 0);
    return {
      slope: this.slope,
      intercept: this.intercept,
      ece: examples === 0 ? null : error / examples,
      bins: this.bins.map(({ count, sum, positives }) => ({
        count,
        meanProbability: count === 0 ? null : sum / count,
        positives,
      })),
    };
  }

  /** One step of an extended Kalman filter in two dimensions, on x = (logit, 1). */
  private correct(logit: number, y: number): void {
    const q = sigmoid(this.slope * logit + this.intercept);
    const h = q * (1 - q);
    // Px, the covariance of both with the corrected logit.
    const bySlope = this.slopeVariance * logit + this.covariance;
    const byIntercept = this.covariance * logit + this.interceptVariance;
    const denominator = 1 + h * (logit * bySlope + byIntercept);
    this.slope += (bySlope * (y - q)) / denominator;
    this.intercept += (byIntercept * (y - q)) / denominator;
    this.slopeVariance -= (h * bySlope * bySlope) / denominator;
    this.covariance -= (h * bySlope * byIntercept) / denominator;
    this.interceptVariance -= (h * byIntercept * byIntercept) / denominator;
  }
}

function boundedLogit(probability: number): number {
  const logit = Math.log(probability / (1 - probability));
  return Math.max(-LARGEST_LOGIT, Math.min(LARGEST_LOGIT, logit));
}

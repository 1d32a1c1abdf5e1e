import type { QualityView } from "../../src/kernel/view.ts";
import { Calibration } from "./calibration.ts";
import { type DriftOptions, PageHinkley } from "./drift.ts";
import { logLoss } from "./loss.ts";

/** An example as it is learned. */
export interface Outcome {
  /** What was predicted before it was learned. */
  probability: number;
  /** The same of the prior alone; NaN without a prior. */
  priorProbability: number;
  y: number;
  /** The probability with which what it shows was chosen; NaN when that is not known. */
  propensity: number;
  /** Of the record at which it is learned. */
  timeMs: number;
}

/** How well a model predicts, by progressive validation: each example is predicted before it is learned. */
export class Quality {
  readonly calibration = new Calibration();
  private readonly drift: PageHinkley;
  private readonly hasPrior: boolean;
  private examples = 0;
  private positives = 0;
  private right = 0;
  /** Sums of log losses: of the model, of the rate of positives so far, of the prior alone. */
  private loss = 0;
  private baseLoss = 0;
  private priorLoss = 0;
  /** Of inverse propensities, over all examples and over the positives. */
  private inverse = 0;
  private inversePositive = 0;

  constructor(drift: DriftOptions, hasPrior: boolean) {
    this.drift = new PageHinkley(drift);
    this.hasPrior = hasPrior;
  }

  add({ probability, priorProbability, y, propensity, timeMs }: Outcome): void {
    const loss = logLoss(probability, y);
    this.loss += loss;
    this.baseLoss += logLoss((this.positives + 0.5) / (this.examples + 1), y);
    if (this.hasPrior) this.priorLoss += logLoss(priorProbability, y);
    if (probability > 0.5 === (y === 1)) this.right += 1;
    this.examples += 1;
    this.positives += y;
    this.calibration.add(probability, y);
    this.drift.add(loss, timeMs);
    if (!Number.isNaN(propensity)) {
      this.inverse += 1 / propensity;
      this.inversePositive += y / propensity;
    }
  }

  view(): QualityView {
    const mean = (sum: number) => (this.examples === 0 ? null : sum / this.examples);
    return {
      examples: this.examples,
      logLoss: mean(this.loss),
      baseLogLoss: mean(this.baseLoss),
      priorLogLoss: this.hasPrior ? mean(this.priorLoss) : null,
      accuracy: mean(this.right),
      calibration: this.calibration.view(),
      drift: this.drift.view(),
      // Self-normalised inverse propensity (Swaminathan and Joachims 2015).
      uniformRate: this.inverse === 0 ? null : this.inversePositive / this.inverse,
    };
  }
}

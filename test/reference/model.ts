import type { Definition } from "../../src/definition/schema.ts";
import type { JsonObject } from "../../src/events/event.ts";
import type { QualityView, ScoreView } from "../../src/kernel/view.ts";
import { copyOf } from "./copy.ts";
import { bindFeature, type Feature, type Profile } from "./features.ts";
import { createLearner, type LearnerPrior } from "./learners/create.ts";
import { dot, type Input, type Learner, type Prediction, sigmoid } from "./learners/learner.ts";
import { Pending } from "./pending.ts";
import { Quality } from "./quality.ts";
import { type Scale, Scaler } from "./scaler.ts";
import { type ModelRecord, Target } from "./target.ts";

const FAST = 0.1;
const SLOW = 0.01;

export interface Contribution {
  feature: string;
  value: number;
}

/** An example that is about to be learned. */
interface Example {
  x: number[];
  y: number;
  /** What was predicted for it: the progressive prediction. */
  probability: number;
  propensity: number;
}

/** One model of a definition: its target, its features and their statistics, its learner and how it does. */
export class Model {
  private readonly target: Target;
  private readonly features: Feature[];
  private readonly priorWeights: number[] | undefined;
  private readonly scaler: Scaler;
  private readonly learner: Learner;
  private readonly pending: Pending;
  private readonly quality: Quality;
  private examples = 0;
  private positives = 0;
  private last = NaN;
  private fast = NaN;
  private slow = NaN;

  constructor(definition: Definition["models"][string], profile: Profile, prior?: LearnerPrior & Scale) {
    this.target = new Target(definition.target);
    this.features = definition.features.map((feature) => bindFeature(feature, profile));
    const size = this.features.reduce((sum, feature) => sum + feature.size, 1);
    this.priorWeights = prior?.weights;
    this.scaler = new Scaler(size, prior);
    this.learner = createLearner(definition.learner, size, prior);
    this.pending = new Pending(definition.target.pending);
    this.quality = new Quality(definition.drift, prior !== undefined);
  }

  /** Takes a record that the rest of the state does not hold yet, so that no feature contains it. */
  take(record: ModelRecord): void {
    this.endRunOut(record.timeMs);
    if (this.target.isOutcome(record)) this.endPositive(record);
    if (!this.target.isExample(record)) return;
    if (this.target.withinMs === undefined) this.learnAtOnce(record);
    else this.openPending(record, this.target.withinMs);
  }

  /** This model as it is at a time, what has run out by then learned: itself, or a copy. */
  at(timeMs: number): Model {
    if (!this.pending.hasRunOut(timeMs)) return this;
    const copy = copyOf(this);
    copy.endRunOut(timeMs);
    return copy;
  }

  /** The prediction for a candidate, and what each feature adds to its logit. */
  explain(timeMs: number, properties: JsonObject): Prediction & { contributions: Contribution[] } {
    const input = this.input(this.values(timeMs, properties));
    const values = this.learner.contributions(input);
    const contributions = [{ feature: "bias", value: values[0] ?? 0 }];
    let j = 1;
    for (const { label, size } of this.features) {
      let value = 0;
      for (const end = j + size; j < end; j++) value += values[j] ?? 0;
      contributions.push({ feature: label, value });
    }
    return { ...this.learner.predict(input), contributions };
  }

  score(timeMs: number): ScoreView {
    const { probability, sd } = this.learner.predict(this.input(this.values(timeMs, {})));
    return {
      probability,
      sd,
      calibrated: this.quality.calibration.calibrated(probability),
      examples: this.examples,
      positives: this.positives,
      pending: this.pending.count,
      skipped: this.pending.skipped,
      trend: this.examples === 0 ? null : this.fast - this.slow,
    };
  }

  qualityView(): QualityView {
    return this.quality.view();
  }

  /** The prediction made for the newest example before it was learned; null before the first. */
  progressive(): number | null {
    return this.examples === 0 ? null : this.last;
  }

  private endRunOut(timeMs: number): void {
    for (const example of this.pending.takeRunOut(timeMs)) this.learn({ ...example, y: 0 }, timeMs);
  }

  private endPositive(record: ModelRecord): void {
    const key = this.target.key(record);
    if (key === undefined) return;
    for (const example of this.pending.takeKey(key)) this.learn({ ...example, y: 1 }, record.timeMs);
  }

  private learnAtOnce(record: ModelRecord): void {
    const y = this.target.label(record);
    if (y === undefined) return;
    const x = this.values(record.timeMs, record.properties);
    const { probability } = this.learner.predict(this.input(x));
    this.learn({ x, y, probability, propensity: this.target.propensity(record) }, record.timeMs);
  }

  private openPending(record: ModelRecord, withinMs: number): void {
    const key = this.target.key(record);
    if (key === undefined || !this.pending.admits()) return;
    const x = this.values(record.timeMs, record.properties);
    const { probability } = this.learner.predict(this.input(x));
    const propensity = this.target.propensity(record);
    this.pending.open({ x, probability, key, propensity, runsOutMs: record.timeMs + withinMs });
  }

  /** The statistics take the example before the learner sees it. */
  private learn({ x, y, probability, propensity }: Example, timeMs: number): void {
    this.scaler.learn(x);
    const input = this.input(x);
    const priorProbability = this.priorWeights === undefined ? NaN : sigmoid(dot(this.priorWeights, input.z));
    this.learner.learn(input, y);

    this.fast = this.examples === 0 ? probability : this.fast + FAST * (probability - this.fast);
    this.slow = this.examples === 0 ? probability : this.slow + SLOW * (probability - this.slow);
    this.last = probability;
    this.examples += 1;
    this.positives += y;
    this.quality.add({ probability, priorProbability, y, propensity, timeMs });
  }

  private input(x: number[]): Input {
    return { x, z: this.scaler.scale(x) };
  }

  /** The features as they are, the bias first. */
  private values(timeMs: number, properties: JsonObject): number[] {
    const x = [1];
    for (const feature of this.features) feature.append(x, timeMs, properties);
    return x;
  }
}

import type { Definition, LearnerDefinition } from "../../src/definition/schema.ts";
import type { JsonObject } from "../../src/events/event.ts";
import type { ScoreView } from "../../src/kernel/view.ts";
import { bindFeature, type Feature, type Profile } from "./features.ts";
import { Bayes } from "./learners/bayes.ts";
import type { Learner, Prediction } from "./learners/learner.ts";
import { Sgd } from "./learners/sgd.ts";
import { Scaler } from "./scaler.ts";

const FAST = 0.1;
const SLOW = 0.01;

export interface Contribution {
  feature: string;
  value: number;
}

/** One model of a definition: its features, their statistics, its learner and how it does. */
export class Model {
  private readonly exampleNames: Set<string>;
  private readonly positiveNames: Set<string>;
  private readonly features: Feature[];
  private readonly scaler: Scaler;
  private readonly learner: Learner;
  private examples = 0;
  private positives = 0;
  private last = NaN;
  private fast = NaN;
  private slow = NaN;

  constructor({ target, features, learner }: Definition["models"][string], profile: Profile) {
    this.exampleNames = new Set(target.examples);
    this.positiveNames = new Set(target.positive);
    this.features = features.map((feature) => bindFeature(feature, profile));
    const size = this.features.reduce((sum, feature) => sum + feature.size, 0);
    this.scaler = new Scaler(size);
    this.learner = createLearner(learner, size + 1);
  }

  /** Whether an event of that name is an example. */
  learnsFrom(name: string): boolean {
    return this.exampleNames.has(name);
  }

  /** Predicts the example first, then learns from it. */
  learn(name: string, timeMs: number, properties: JsonObject): void {
    const y = this.positiveNames.has(name) ? 1 : 0;
    const x = this.values(timeMs, properties);
    const { probability } = this.learner.predict(this.scaler.scale(x));
    this.scaler.learn(x);
    this.learner.learn(this.scaler.scale(x), y);

    this.fast = this.examples === 0 ? probability : this.fast + FAST * (probability - this.fast);
    this.slow = this.examples === 0 ? probability : this.slow + SLOW * (probability - this.slow);
    this.last = probability;
    this.examples += 1;
    this.positives += y;
  }

  /** The prediction for a candidate, and what each feature adds to its logit. */
  explain(timeMs: number, properties: JsonObject): Prediction & { contributions: Contribution[] } {
    const z = this.scaler.scale(this.values(timeMs, properties));
    const contributions = [{ feature: "bias", value: this.learner.weight(0) }];
    let j = 1;
    for (const { label, size } of this.features) {
      let value = 0;
      for (const end = j + size; j < end; j++) value += this.learner.weight(j) * (z[j] ?? 0);
      contributions.push({ feature: label, value });
    }
    return { ...this.learner.predict(z), contributions };
  }

  view(timeMs: number): ScoreView {
    const { probability, sd } = this.learner.predict(this.scaler.scale(this.values(timeMs, {})));
    return {
      probability,
      sd,
      examples: this.examples,
      positives: this.positives,
      trend: this.examples === 0 ? null : this.fast - this.slow,
    };
  }

  /** The prediction made for the newest example before it was learned; null before the first. */
  progressive(): number | null {
    return this.examples === 0 ? null : this.last;
  }

  private values(timeMs: number, properties: JsonObject): number[] {
    const x: number[] = [];
    for (const feature of this.features) feature.append(x, timeMs, properties);
    return x;
  }
}

function createLearner(definition: LearnerDefinition, size: number): Learner {
  switch (definition.kind) {
    case "sgd":
      return new Sgd(size, definition);
    case "bayes":
      return new Bayes(size, definition);
  }
}

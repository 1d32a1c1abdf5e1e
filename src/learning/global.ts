import type { ModelPrior } from "../definition/prior.ts";
import type { LearnerDefinition } from "../definition/schema.ts";
import { type Examples, labelAt, vectorAt } from "./examples.ts";
import { newModel, type Subject } from "./subject.ts";

/** Predicts by the weights of the prior, and learns nothing. */
const STILL: LearnerDefinition = { kind: "sgd", rate: 0, biasRate: 0, l1: 0, l2: 0 };

/** Of the features, by index, the bias first. */
export interface Scaling {
  means: number[];
  variances: number[];
}

/** Means and population variances over some examples, missing values skipped (Welford 1962). */
export function scalingOf(examples: Examples, of: Uint32Array, size: number): Scaling {
  const counts = new Array<number>(size).fill(0);
  const means = new Array<number>(size).fill(0);
  const variances = new Array<number>(size).fill(0);
  for (const example of of) {
    const x = vectorAt(examples, example);
    for (let j = 1; j < size; j++) {
      const value = x[j] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      const count = (counts[j] ?? 0) + 1;
      const before = means[j] ?? 0;
      const after = before + (value - before) / count;
      const variance = variances[j] ?? 0;
      counts[j] = count;
      means[j] = after;
      variances[j] = variance + ((value - before) * (value - after) - variance) / count;
    }
  }
  return { means, variances };
}

/**
 * Trains the model of all users on some examples, in two passes: first the scales of the features, then the weights
 * on features so scaled. In one pass with running scales, a weight learned early would belong to other scales than
 * those it is stored with.
 *
 * @param of examples in the order in which they are learned
 */
export function trainGlobal(
  subject: Subject,
  learner: LearnerDefinition,
  examples: Examples,
  of: Uint32Array,
): ModelPrior {
  const size = featureCount(subject);
  const untaught = { weights: new Array<number>(size).fill(0), ...scalingOf(examples, of, size) };
  const model = newModel(subject, learner, untaught);
  for (const example of of) model.learn(vectorAt(examples, example), labelAt(examples, example));
  return { ...untaught, weights: Array.from(model.weights().subarray(0, size)) };
}

/** What a prior alone, without any user's effect, gives some examples. */
export function predictGlobal(
  subject: Subject,
  prior: ModelPrior,
  examples: Examples,
  of: Uint32Array,
): Float64Array {
  // Not bayes: it would moderate the prediction by its doubt about a user whom nobody asked about.
  const model = newModel(subject, STILL, prior);
  return Float64Array.from(of, (example) => model.predict(vectorAt(examples, example)));
}

/** How many indices the features take, the bias included and padding not. */
function featureCount(subject: Subject): number {
  const { features } = newModel(subject, STILL);
  return features.reduce((sum, { width }) => sum + width, 0);
}

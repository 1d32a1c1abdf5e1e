import type { ModelPrior } from "../definition/prior.ts";
import type { LearnerDefinition } from "../definition/schema.ts";
import { type Examples, vectorAt } from "./examples.ts";
import { newModel, type Subject } from "./subject.ts";

export interface EffectOptions {
  learner: LearnerDefinition;
  /** What the users' effects sit on; without one, each user starts from nothing. */
  prior?: ModelPrior;
  /** Only examples before this time (ms since 1970) are predicted and learned. */
  until?: number;
  /** Told how many more examples are done. */
  onExamples?: (examples: number) => void;
}

/**
 * Lets a model of every user's own learn that user's examples, each predicted before it is learned.
 * @returns the probability by example, NaN for those that are not before `until`
 */
export function userEffects(subject: Subject, examples: Examples, options: EffectOptions): Float64Array {
  const { learner, prior, until = Number.POSITIVE_INFINITY, onExamples = () => {} } = options;
  const p = new Float64Array(examples.count).fill(Number.NaN);
  for (const [user, start] of examples.starts.entries()) {
    const end = examples.starts[user + 1];
    if (end === undefined) break;
    const model = newModel(subject, learner, prior);
    let example = start;
    for (; example < end && (examples.time[example] ?? until) < until; example++) {
      p[example] = model.learn(vectorAt(examples, example), examples.y[example] === 1 ? 1 : 0);
    }
    onExamples(example - start);
  }
  return p;
}

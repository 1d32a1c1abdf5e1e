import type { ModelPrior } from "../definition/prior.ts";
import type { LearnerDefinition } from "../definition/schema.ts";
import { OfflineProfile } from "../kernel/offline.ts";
import { type Examples, labelAt, vectorAt } from "./examples.ts";
import { modelAlone, modelOf, newModel, priorAlone, type Subject } from "./subject.ts";

export interface EffectOptions {
  learner: LearnerDefinition;
  /** What the users' effects sit on; without one, each user starts from nothing. */
  prior?: ModelPrior;
  /** Only examples before this time (ms since 1970) are needed. */
  until?: number;
  /** Told how many more examples are done. */
  onExamples?: (examples: number) => void;
}

/**
 * Lets a model of every user's own learn that user's examples, each predicted before it is learned.
 * @returns the probability by example, NaN where it was not needed
 */
export function userEffects(subject: Subject, examples: Examples, options: EffectOptions): Float64Array {
  const p = new Float64Array(examples.count).fill(Number.NaN);
  // An example that waits for its outcome was predicted when the user's effect knew less than it does when the example
  // is learned; only a fold of the events knows when that was. It takes about a hundred times as long.
  const effects = modelOf(subject).target.within === undefined ? learnAgain : foldAgain;
  effects(subject, examples, options, p);
  return p;
}

function learnAgain(subject: Subject, examples: Examples, options: EffectOptions, p: Float64Array): void {
  const { learner, prior, until = Number.POSITIVE_INFINITY, onExamples = () => {} } = options;
  const model = newModel(subject, learner, prior);
  const fresh = model.state();
  for (const { start, end } of examples.users) {
    model.restore(fresh);
    let example = start;
    for (; example < end && (examples.time[example] ?? until) < until; example++) {
      p[example] = model.learn(vectorAt(examples, example), labelAt(examples, example));
    }
    onExamples(example - start);
  }
}

function foldAgain(subject: Subject, examples: Examples, options: EffectOptions, p: Float64Array): void {
  const { learner, prior, until = Number.POSITIVE_INFINITY, onExamples = () => {} } = options;
  const definition = modelAlone(subject, learner);
  const known = priorAlone(subject, definition, prior);
  for (const { start, end, events } of examples.users) {
    if ((examples.time[start] ?? until) >= until) continue;
    const profile = new OfflineProfile(subject.module, definition, known);
    let example = start;
    for (const learned of profile.fold(events)) p[example++] = learned.p;
    if (example !== end)
      throw new Error(`${end - start} examples are expected, the fold gave ${example - start}`);
    onExamples(end - start);
  }
}

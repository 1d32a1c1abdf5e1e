import type { ModelPrior } from "../definition/prior.ts";
import type { LearnerDefinition, SingleLearnerDefinition } from "../definition/schema.ts";
import type { Layout } from "./layout.ts";

/** A learner as the kernel is told of it. */
export interface CompiledLearner {
  /** Its number in the kernel. */
  kind: number;
  /** Hidden units of a network, members of an ensemble. */
  size: number;
  seed: number;
  /** In the order that its file in `assembly/learners` names. */
  settings: number[];
  members: CompiledLearner[];
}

/** What the kernel is told of a learner; what a prior was tuned to goes before the definition. */
export function compileLearner(
  learner: LearnerDefinition,
  layout: Layout,
  prior: ModelPrior | undefined,
): CompiledLearner {
  if (learner.kind !== "ensemble") return compileSingle(learner, layout, prior);
  const members = learner.of.map((member) => compileSingle(member, layout, prior));
  return { kind: layout.LEARNER_ENSEMBLE, size: members.length, seed: 0, settings: [learner.eta], members };
}

function compileSingle(
  learner: SingleLearnerDefinition,
  layout: Layout,
  prior: ModelPrior | undefined,
): CompiledLearner {
  const single = (kind: number, settings: number[]) => ({ kind, size: 0, seed: 0, settings, members: [] });
  switch (learner.kind) {
    case "sgd":
      return single(layout.LEARNER_SGD, [learner.rate, learner.biasRate, learner.l1, learner.l2]);
    case "adamw":
      return single(layout.LEARNER_ADAMW, adam(learner));
    case "ftrl":
      return single(layout.LEARNER_FTRL, [learner.alpha, learner.beta, learner.l1, learner.l2]);
    case "coin":
      return single(layout.LEARNER_COIN, [learner.alpha]);
    case "bayes":
      return single(layout.LEARNER_BAYES, [
        prior?.variance ?? learner.variance,
        prior?.forget ?? learner.forget,
      ]);
    case "mlp":
      return {
        ...single(layout.LEARNER_MLP, [...adam(learner), learner.dropout]),
        size: learner.hidden,
        seed: learner.seed,
      };
  }
}

function adam(learner: {
  rate: number;
  decay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}): number[] {
  return [learner.rate, learner.decay, learner.beta1, learner.beta2, learner.epsilon];
}

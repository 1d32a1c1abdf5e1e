import type { ModelPrior, Prior } from "../definition/prior.ts";
import type { Definition, LearnerDefinition } from "../definition/schema.ts";
import { fingerprintOf } from "../kernel/compile.ts";
import { OfflineModel } from "../kernel/offline.ts";

/** What is studied: a model of a definition, and the kernel that runs it. */
export interface Subject {
  module: WebAssembly.Module;
  definition: Definition;
  /** One of the definition's models. */
  model: string;
}

/** The model's target, features and learner. */
export function modelOf({ definition, model }: Subject): Definition["models"][string] {
  const found = definition.models[model];
  if (found === undefined) throw new Error(`the definition is expected to have the model "${model}"`);
  return found;
}

/** The definition with this model alone, by that learner when one is given. */
export function modelAlone(subject: Subject, learner?: LearnerDefinition): Definition {
  const model = modelOf(subject);
  return {
    ...subject.definition,
    models: { [subject.model]: learner === undefined ? model : { ...model, learner } },
  };
}

/** The model with that learner, untaught, over the prior when one is given. */
export function newModel(subject: Subject, learner: LearnerDefinition, prior?: ModelPrior): OfflineModel {
  const definition = modelAlone(subject, learner);
  return new OfflineModel(subject.module, definition, subject.model, priorAlone(subject, definition, prior));
}

/** A prior for the model alone in its definition; undefined when nothing is known. */
export function priorAlone(subject: Subject, definition: Definition, known?: ModelPrior): Prior | undefined {
  if (known === undefined) return undefined;
  return {
    definition: definition.name,
    fingerprint: fingerprintOf(definition),
    version: "offline",
    models: { [subject.model]: known },
  };
}

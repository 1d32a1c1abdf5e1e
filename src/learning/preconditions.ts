import { definitions } from "../../definitions/index.ts";
import { UserError } from "../data/user-error.ts";
import { parseDefinition } from "../definition/schema.ts";
import type { Examples } from "./examples.ts";
import type { Subject } from "./subject.ts";

/** The model to study, of one of the repository's definitions; the definition's first when none is named. */
export function findSubject(
  module: WebAssembly.Module,
  name: string | undefined,
  model: string | undefined,
): Subject {
  const source = name !== undefined && Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (source === undefined) {
    throw new UserError(
      name === undefined ? "the mapping names no definition" : `there is no definition "${name}"`,
      `Name one with --definition: ${Object.keys(definitions).join(", ")}.`,
    );
  }
  const definition = parseDefinition(source);
  const chosen = model ?? Object.keys(definition.models)[0];
  if (chosen !== undefined && Object.hasOwn(definition.models, chosen)) {
    return { module, definition, model: chosen };
  }
  throw new UserError(
    `the definition "${name}" has no model${model === undefined ? "" : ` "${model}"`}`,
    `Name one with --model: ${Object.keys(definition.models).join(", ")}.`,
  );
}

/** @throws UserError when there is nothing to tell apart */
export function requireBothLabels({ model }: Subject, { y, count }: Examples): void {
  const positives = y.reduce((sum, label) => sum + label, 0);
  if (positives > 0 && positives < count) return;
  throw new UserError(
    `of the ${count} examples of the model "${model}", ${positives} are positive: there is nothing to learn`,
    "Check that the mapping gives events of the names in the model's target, positive ones and others.",
  );
}

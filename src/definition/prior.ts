import * as v from "valibot";
import { DefinitionError, issuesOf } from "./schema.ts";

const Values = v.pipe(v.array(v.pipe(v.number(), v.finite())), v.minLength(1), v.maxLength(128));

/** What is known of all users, for one model: a value per feature index, the bias first. */
const ModelPriorSchema = v.strictObject({
  weights: Values,
  /** Of the features over all users; they scale each user's. */
  means: Values,
  variances: Values,
  /** Tuned on the same data; they replace the definition's for `bayes`. */
  variance: v.optional(v.pipe(v.number(), v.minValue(1e-6), v.maxValue(1e6))),
  forget: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.5))),
});

export const PriorSchema = v.strictObject({
  /** The definition that it was trained for, by name and fingerprint. */
  definition: v.string(),
  fingerprint: v.string(),
  /** Names this prior, such as a date: a profile folded over another one is refolded. */
  version: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  models: v.record(v.string(), ModelPriorSchema),
});

export type ModelPrior = v.InferOutput<typeof ModelPriorSchema>;
/** The global model that each user's own effect sits on: written by `limn train`. */
export type Prior = v.InferOutput<typeof PriorSchema>;

/**
 * Checks a prior, and that it belongs to the definition of that name and fingerprint.
 * @throws DefinitionError
 */
export function parsePrior(source: unknown, definition: { name: string; fingerprint: string }): Prior {
  const result = v.safeParse(PriorSchema, source);
  if (!result.success) throw new DefinitionError(issuesOf(result.issues));
  const prior = result.output;
  if (prior.definition !== definition.name || prior.fingerprint !== definition.fingerprint) {
    const detail = `it was trained for another "${prior.definition}" than this "${definition.name}": train it again`;
    throw new DefinitionError([{ pointer: "/fingerprint", detail }]);
  }
  return prior;
}

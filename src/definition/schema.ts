import * as v from "valibot";

/** What a profile is made of. `docs/kernel.md` says what the kernel does with each part. */

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a duration as definitions write it: `90s`, `30m`, `1h`, `14d`. */
export function durationMs(text: string): number {
  const unit = UNITS[text.slice(-1) as keyof typeof UNITS];
  return Number(text.slice(0, -1)) * unit;
}

const Duration = v.pipe(
  v.string(),
  v.regex(/^[1-9][0-9]{0,5}(\.[0-9]{1,3})?[smhd]$/, "a duration such as 90s, 30m, 1h or 14d is expected"),
);

const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** A property, by name or by names joined with dots; of several, the first that is present. */
const Path = v.union([Name, v.pipe(v.array(Name), v.minLength(1), v.maxLength(4))]);

const Width = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16));

const Feature = v.variant("kind", [
  /** A numeric property of the event or candidate. */
  v.strictObject({
    kind: v.literal("number"),
    path: Path,
    scale: v.optional(v.picklist(["linear", "log"]), "linear"),
  }),
  /** A text property, hashed into `width` indicator features. */
  v.strictObject({ kind: v.literal("category"), path: Path, width: v.optional(Width, 8) }),
  /** The user's share of interest in this event's or candidate's key of a dimension. */
  v.strictObject({ kind: v.literal("affinity"), dimension: Name }),
  /** How many events of that name the window holds, on a log scale. */
  v.strictObject({ kind: v.literal("count"), window: Name, event: Name }),
  /** Hours since the last event of that name, on a log scale; missing when there was none. */
  v.strictObject({ kind: v.literal("recency"), event: Name }),
  /** Sine and cosine of the hour of the day (UTC). */
  v.strictObject({ kind: v.literal("hour") }),
  /** A declared trait: a number, or hashed into `width` indicators when `width` is given. */
  v.strictObject({ kind: v.literal("trait"), trait: Name, width: v.optional(Width) }),
]);

/** Settings are kept as f32: with larger ones a learner's arithmetic would leave it. */
const Positive = v.pipe(v.number(), v.minValue(0), v.maxValue(1e6));
/** Of a learner's step. Above 1 a step may go beyond what it goes toward, each time further: to no number at all. */
const Step = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** What keeps a quotient of two zeros from being none. */
const Epsilon = v.pipe(v.number(), v.minValue(1e-12), v.maxValue(1));
const Fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(0.999999));
const Whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const Single = [
  /** Logistic regression by stochastic gradient descent. */
  v.strictObject({
    kind: v.literal("sgd"),
    rate: v.optional(Step, 0.05),
    biasRate: v.optional(Step, 0.05),
    l1: v.optional(Step, 0),
    l2: v.optional(Step, 0),
  }),
  /** Logistic regression by Adam with decoupled weight decay. */
  v.strictObject({
    kind: v.literal("adamw"),
    rate: v.optional(Step, 0.01),
    decay: v.optional(Step, 0.01),
    beta1: v.optional(Fraction, 0.9),
    beta2: v.optional(Fraction, 0.999),
    epsilon: v.optional(Epsilon, 1e-8),
  }),
  /** Follow the regularised leader, a rate per feature. */
  v.strictObject({
    kind: v.literal("ftrl"),
    alpha: v.optional(v.pipe(v.number(), v.minValue(1e-6), v.maxValue(1e6)), 0.1),
    beta: v.optional(v.pipe(v.number(), v.minValue(1e-6), v.maxValue(1e6)), 1),
    l1: v.optional(Positive, 0),
    l2: v.optional(Positive, 0),
  }),
  /** Coin betting: no rate to tune, no scaling. For one user alone, alpha 0.3 or less. */
  v.strictObject({
    kind: v.literal("coin"),
    // With more, the bet on a feature of the smallest size would be beyond f32.
    alpha: v.optional(v.pipe(v.number(), v.minValue(1e-6), v.maxValue(100)), 4),
  }),
  /** The user's own effect over a prior: a diagonal extended Kalman filter that forgets toward the prior. */
  v.strictObject({
    kind: v.literal("bayes"),
    variance: v.optional(v.pipe(v.number(), v.minValue(1e-6), v.maxValue(1e6)), 0.1),
    forget: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.5)), 0.001),
  }),
  /** A network of one hidden layer, where the boundary is not a line. */
  v.strictObject({
    kind: v.literal("mlp"),
    hidden: v.optional(Whole(1, 32), 10),
    rate: v.optional(Step, 0.01),
    decay: v.optional(Step, 0.01),
    beta1: v.optional(Fraction, 0.9),
    beta2: v.optional(Fraction, 0.999),
    epsilon: v.optional(Epsilon, 1e-8),
    dropout: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.9)), 0),
    seed: v.optional(Whole(0, 4294967295), 1),
  }),
] as const;

const Learner = v.variant("kind", [
  ...Single,
  /** Several learners, mixed by how well each has done. */
  v.strictObject({
    kind: v.literal("ensemble"),
    of: v.pipe(v.array(v.variant("kind", Single)), v.minLength(1), v.maxLength(4)),
    eta: v.optional(Positive, 1),
  }),
]);

const Target = v.strictObject({
  /** Events that are examples. */
  examples: v.pipe(v.array(Name), v.minLength(1)),
  /** Whose label is 1: those of these names, or those with such a value; with `within`, when one of these follows. */
  positive: v.union([
    v.pipe(v.array(Name), v.minLength(1)),
    v.strictObject({ path: Path, atLeast: v.number() }),
    v.strictObject({ path: Path, atMost: v.number() }),
    v.strictObject({ path: Path, equals: v.union([v.number(), v.string()]) }),
  ]),
  /** How long the outcome may take. */
  within: v.optional(Duration),
  /** What example and outcome must have in common, such as `product_id`. */
  same: v.optional(Path),
  /** How many examples may wait for their outcome. */
  pending: v.optional(Whole(1, 64), 8),
  /** The probability with which what the example shows was chosen. */
  propensity: v.optional(Path),
});

const Model = v.strictObject({
  target: Target,
  features: v.pipe(v.array(Feature), v.minLength(1), v.maxLength(127)),
  learner: v.optional(Learner, { kind: "bayes" }),
  /** Page-Hinkley's settings: when a rise of the log loss counts as drift. */
  drift: v.optional(
    v.strictObject({
      delta: v.optional(Positive, 0.02),
      threshold: v.optional(Positive, 10),
      minExamples: v.optional(Whole(1, 100_000), 30),
    }),
    {},
  ),
});

const Outliers = v.variant("rule", [
  /** Against the mean and deviation of late, exponentially weighted. */
  v.strictObject({
    rule: v.literal("zscore"),
    threshold: v.optional(v.pipe(v.number(), v.minValue(1)), 4),
    rate: v.optional(v.pipe(v.number(), v.minValue(0.001), v.maxValue(1)), 0.05),
    reopen: v.optional(Whole(2, 100), 5),
  }),
  /** Against the median and the median deviation of the last values. */
  v.strictObject({
    rule: v.literal("hampel"),
    threshold: v.optional(v.pipe(v.number(), v.minValue(1)), 3),
    of: v.optional(Whole(11, 25), 15),
    reopen: v.optional(Whole(2, 100), 5),
  }),
]);

const NumberProperty = v.strictObject({
  path: Path,
  /** Of the past in mean and deviation; without it all values weigh the same. */
  halfLife: v.optional(Duration),
  scale: v.optional(v.picklist(["linear", "log"]), "linear"),
  outliers: v.optional(Outliers),
});

export const DefinitionSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/)),
  /** The events that have a weight in the interests and a count in the windows, at most 16. */
  events: v.pipe(
    v.record(Name, v.strictObject({ weight: v.optional(Positive, 1) })),
    v.check((events) => Object.keys(events).length <= 16, "at most 16 events are expected"),
  ),
  /** The weight of every other event. */
  otherWeight: v.optional(Positive, 0),
  /** A property that lists items (such as `products`): each is folded as a part of its event. */
  items: v.optional(Name),
  /** The property that the windows sum. */
  value: v.optional(Path),
  numbers: v.optional(
    v.pipe(
      v.record(Name, NumberProperty),
      v.check((numbers) => Object.keys(numbers).length <= 16, "at most 16 numbers are expected"),
    ),
    {},
  ),
  interests: v.optional(
    v.pipe(
      v.record(
        Name,
        v.strictObject({
          path: Path,
          halfLife: v.optional(Duration, "14d"),
          keep: v.optional(
            v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(128), v.multipleOf(2)),
            32,
          ),
        }),
      ),
      v.check((interests) => Object.keys(interests).length <= 8, "at most 8 dimensions are expected"),
    ),
    {},
  ),
  windows: v.optional(v.pipe(v.array(Duration), v.maxLength(6)), ["1h", "24h", "7d", "30d"]),
  models: v.optional(
    v.pipe(
      v.record(Name, Model),
      v.check((models) => Object.keys(models).length <= 4, "at most 4 models are expected"),
    ),
    {},
  ),
});

/** A definition as written in a file. */
export type DefinitionSource = v.InferInput<typeof DefinitionSchema>;
/** A definition with its defaults filled in. */
export type Definition = v.InferOutput<typeof DefinitionSchema>;
export type FeatureDefinition = v.InferOutput<typeof Feature>;
export type LearnerDefinition = v.InferOutput<typeof Learner>;
export type SingleLearnerDefinition = Exclude<LearnerDefinition, { kind: "ensemble" }>;
export type TargetDefinition = v.InferOutput<typeof Target>;
export type NumberDefinition = v.InferOutput<typeof NumberProperty>;

/** Thrown for a definition that cannot be used; `issues` name each member and what is expected there. */
export class DefinitionError extends Error {
  readonly issues: { pointer: string; detail: string }[];
  constructor(issues: { pointer: string; detail: string }[]) {
    super(`the definition is not valid: ${issues.map((i) => `${i.pointer || "/"}: ${i.detail}`).join("; ")}`);
    this.name = "DefinitionError";
    this.issues = issues;
  }
}

/** Complaints that are told at once: a stranger's draft may have one for every few characters of it. */
const MOST_ISSUES = 100;

/** A schema's complaints, the first of them, each with the JSON pointer to what it is about. */
export function issuesOf(issues: readonly v.BaseIssue<unknown>[]): { pointer: string; detail: string }[] {
  return issues.slice(0, MOST_ISSUES).map((issue) => ({
    pointer: (issue.path ?? [])
      .map((step) => `/${String(step.key).replace(/~/g, "~0").replace(/\//g, "~1")}`)
      .join(""),
    detail: issue.message,
  }));
}

/**
 * Checks a definition, its shape and that what it names exists.
 * @throws DefinitionError
 */
export function parseDefinition(source: unknown): Definition {
  const result = v.safeParse(DefinitionSchema, source);
  if (!result.success) {
    throw new DefinitionError(issuesOf(result.issues));
  }
  const definition = result.output;
  const issues = references(definition);
  if (issues.length > 0) throw new DefinitionError(issues);
  return definition;
}

/** Names used by models that nothing declares. */
function references(definition: Definition): { pointer: string; detail: string }[] {
  const issues: { pointer: string; detail: string }[] = [];
  const need = (known: boolean, pointer: string, what: string) => {
    if (!known && issues.length < MOST_ISSUES)
      issues.push({ pointer, detail: `${what} is not declared in this definition` });
  };
  for (const [name, model] of Object.entries(definition.models)) {
    const { positive, examples, within, same } = model.target;
    if (Array.isArray(positive) && within === undefined) {
      const counted = new Set(examples);
      positive.forEach((event, i) => {
        need(counted.has(event), `/models/${name}/target/positive/${i}`, `the example "${event}"`);
      });
    }
    if (!Array.isArray(positive) && within !== undefined) {
      issues.push({
        pointer: `/models/${name}/target/positive`,
        detail: "names of outcomes are expected with within",
      });
    }
    if (same !== undefined && within === undefined) {
      issues.push({ pointer: `/models/${name}/target/same`, detail: "within is expected beside it" });
    }
    model.features.forEach((feature, i) => {
      const at = `/models/${name}/features/${i}`;
      if (feature.kind === "affinity")
        need(
          Object.hasOwn(definition.interests, feature.dimension),
          `${at}/dimension`,
          `the dimension "${feature.dimension}"`,
        );
      if (feature.kind === "count")
        need(definition.windows.includes(feature.window), `${at}/window`, `the window "${feature.window}"`);
      if (feature.kind === "count" || feature.kind === "recency")
        need(Object.hasOwn(definition.events, feature.event), `${at}/event`, `the event "${feature.event}"`);
    });
  }
  return issues;
}

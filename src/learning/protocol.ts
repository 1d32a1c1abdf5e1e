import type { ModelPrior } from "../definition/prior.ts";
import type { LearnerDefinition } from "../definition/schema.ts";
import { userEffects } from "./effects.ts";
import { type Examples, pick, rateOf } from "./examples.ts";
import { predictGlobal, trainGlobal } from "./global.ts";
import type { NamedLearner } from "./learners.ts";
import { type Metrics, measure } from "./metrics.ts";
import { splitAt, timeAt } from "./split.ts";
import { modelOf, type Subject } from "./subject.ts";

/** The model of all users learns from the first part of the time, and is frozen. */
const TRAINED_SHARE = 0.4;
/** All are measured on the last part of the time. */
const MEASURED_FROM_SHARE = 0.5;

export interface ProtocolOptions {
  /** The learner of the model of all users. */
  global: LearnerDefinition;
  /** A model of all users that was trained before; then `global` is not used. */
  prior?: ModelPrior;
  /** Learners of users alone, beside that of the definition. */
  learners?: readonly NamedLearner[];
  /** Told how many more examples are learned; there are `protocolSteps` in all. */
  onExamples?: (examples: number) => void;
}

export interface ProtocolRow extends Metrics {
  name: string;
}

export interface ProtocolResult {
  rows: ProtocolRow[];
  /** How many examples the model of all users learned; 0 when a prior was given. */
  trained: number;
  /** Times in ms since 1970. */
  trainedUntil: number;
  measuredFrom: number;
}

/**
 * What each user's own effect adds to a model of all users: that model is trained on the first 40 % of the examples
 * by time and frozen; the users' effects learn all of them, each predicted before it is learned; all predictions are
 * measured on the last 50 %.
 */
export function evaluateHistory(
  subject: Subject,
  examples: Examples,
  options: ProtocolOptions,
): ProtocolResult {
  const { global, learners = [], onExamples = () => {} } = options;
  const trainedUntil = timeAt(examples, TRAINED_SHARE);
  const measuredFrom = timeAt(examples, MEASURED_FROM_SHARE);
  const { train, measured } = splitAt(examples, trainedUntil, measuredFrom, Number.POSITIVE_INFINITY);
  const y = pick(examples.y, measured);
  const prior = options.prior ?? trainGlobal(subject, global, examples, train);
  onExamples(train.length);

  const learner = userLearner(subject, prior);
  const own = (of: LearnerDefinition, over?: ModelPrior) =>
    pick(
      userEffects(subject, examples, { learner: of, onExamples, ...(over !== undefined && { prior: over }) }),
      measured,
    );
  const rate = rateOf(examples, train);
  const rows = [
    {
      name: "base rate",
      ...measure(
        y,
        y.map(() => rate),
      ),
    },
    { name: "global only", ...measure(y, predictGlobal(subject, prior, examples, measured)) },
    ...[{ name: learner.kind, learner }, ...learners].map((alone) => ({
      name: `user only: ${alone.name}`,
      ...measure(y, own(alone.learner)),
    })),
    { name: `global + user: ${learner.kind}`, ...measure(y, own(learner, prior)) },
  ];
  return { rows, trained: options.prior === undefined ? train.length : 0, trainedUntil, measuredFrom };
}

/** How many examples `evaluateHistory` learns in all, for progress. */
export function protocolSteps({ count }: Examples, learners: number): number {
  return count * (TRAINED_SHARE + 2 + learners);
}

/** The learner of the definition, with what was tuned for it in the prior. */
function userLearner(subject: Subject, { variance, forget }: ModelPrior): LearnerDefinition {
  const { learner } = modelOf(subject);
  if (learner.kind !== "bayes") return learner;
  return { ...learner, ...(variance !== undefined && { variance }), ...(forget !== undefined && { forget }) };
}

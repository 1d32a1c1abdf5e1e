import type { ModelPrior } from "../definition/prior.ts";
import type { LearnerDefinition } from "../definition/schema.ts";
import { best, bestOver, type Candidate, type Choice } from "./candidates.ts";
import { userEffects } from "./effects.ts";
import { type Examples, extractExamples, pick, rateOf } from "./examples.ts";
import { predictGlobal, trainGlobal } from "./global.ts";
import { scaleHalfLives } from "./half-lives.ts";
import type { History } from "./history.ts";
import { type NamedLearner, parseLearners } from "./learners.ts";
import { measure } from "./metrics.ts";
import { forwardChain, type Split } from "./split.ts";
import { modelOf, type Subject } from "./subject.ts";

/** What is tried for the model of all users. */
export const GLOBAL_LEARNERS =
  "sgd(rate=.0003,biasRate=.0003),sgd(rate=.001,biasRate=.001),sgd(rate=.003,biasRate=.003),sgd(rate=.01,biasRate=.01),adamw(rate=.0003),adamw(rate=.001)," +
  "ftrl(alpha=.01),ftrl(alpha=.03),ftrl(alpha=.1),ftrl(alpha=.3)," +
  "bayes(variance=.01,forget=0),bayes(variance=.1,forget=0),bayes(variance=1,forget=0)";
/** What trains the model of all users when nothing was tuned. */
export const DEFAULT_GLOBAL = "bayes(variance=.1,forget=0)";
/** Factors on the half-lives of the definition's interests. */
export const HALF_LIFE_FACTORS = [0.5, 1, 2];
/** How far a user's effect may be from the prior, and how fast it forgets toward it. */
export const VARIANCES = [0.003, 0.01, 0.03, 0.1, 0.3];
export const FORGETS = [0, 0.001, 0.01];

export interface Tuned {
  /** The subject with the half-lives that were chosen, and its examples. */
  subject: Subject;
  examples: Examples;
  global: Choice<LearnerDefinition>;
  /** Absent when the definition's learner is another than bayes. */
  user?: Choice<{ variance: number; forget: number }>;
  /** Absent when the model has no affinities: no feature of it depends on a half-life. */
  halfLives?: Choice<number>;
  /** Log loss by block, before half-lives: of all users' model alone, and of nothing but the rate of positives. */
  globalOnly: number[];
  baseRate: number[];
}

export interface TuneOptions {
  folds: number;
  /** Told of each of the `TUNE_STEPS`. */
  onStep?: () => void;
}

/**
 * Chooses, one after the other, the learner of the model of all users, the variance and the forgetting of the users'
 * effects, and the half-lives: each by blocked forward-chaining cross-validation, with what was chosen before. All
 * combinations would take thirty times as long, and the three hardly depend on one another.
 */
export function tune(
  subject: Subject,
  history: History,
  examples: Examples,
  { folds, onStep = () => {} }: TuneOptions,
): Tuned {
  const splits = forwardChain(examples, folds);
  const global = tuneGlobal(subject, examples, splits, onStep);
  const priors = splits.map(({ train }) => trainGlobal(subject, global.chosen.setting, examples, train));
  let tuned: Tuned = {
    subject,
    examples,
    global,
    globalOnly: splits.map((split, k) => globalLoss(subject, priors[k], examples, split)),
    baseRate: splits.map((split) => baseRateLoss(examples, split)),
  };
  const { learner: own, features } = modelOf(subject);
  if (own.kind === "bayes") tuned = { ...tuned, user: tuneUser(subject, examples, splits, priors, onStep) };
  if (features.some(({ kind }) => kind === "affinity")) {
    const learners = { global: global.chosen.setting, user: { ...own, ...tuned.user?.chosen.setting } };
    tuned = { ...tuned, ...tuneHalfLives(subject, history, examples, splits, learners, onStep) };
  }
  return tuned;
}

/** How many steps `tune` reports, at most. */
export const TUNE_STEPS =
  parseLearners(GLOBAL_LEARNERS).length + VARIANCES.length * FORGETS.length + HALF_LIFE_FACTORS.length;

function tuneGlobal(
  subject: Subject,
  examples: Examples,
  splits: readonly Split[],
  onStep: () => void,
): Choice<LearnerDefinition> {
  const candidates = parseLearners(GLOBAL_LEARNERS).map(({ name, learner }: NamedLearner) => {
    const losses = splits.map((split) =>
      globalLoss(subject, trainGlobal(subject, learner, examples, split.train), examples, split),
    );
    onStep();
    return { name, setting: learner, losses };
  });
  return { candidates, chosen: best(candidates) };
}

/** Half-lives change the features themselves: each factor folds all events anew. */
function tuneHalfLives(
  subject: Subject,
  history: History,
  examples: Examples,
  splits: readonly Split[],
  learners: { global: LearnerDefinition; user: LearnerDefinition },
  onStep: () => void,
): Pick<Required<Tuned>, "halfLives" | "subject" | "examples"> {
  const tried = HALF_LIFE_FACTORS.map((factor) => {
    const scaled = { ...subject, definition: scaleHalfLives(subject.definition, factor) };
    const refolded = factor === 1 ? examples : extractExamples(scaled, history);
    const losses = splits.map((split) => {
      const prior = trainGlobal(scaled, learners.global, refolded, split.train);
      return userLoss(scaled, learners.user, prior, refolded, split);
    });
    onStep();
    const candidate: Candidate<number> = { name: `half-lives × ${factor}`, setting: factor, losses };
    return { candidate, subject: scaled, examples: refolded };
  });
  const candidates = tried.map(({ candidate }) => candidate);
  const current = tried.find(({ candidate }) => candidate.setting === 1);
  if (current === undefined) throw new Error("the factor 1 is expected among those tried");
  const chosen = bestOver(current.candidate, candidates);
  const found = tried.find(({ candidate }) => candidate === chosen) ?? current;
  return { subject: found.subject, examples: found.examples, halfLives: { candidates, chosen } };
}

function tuneUser(
  subject: Subject,
  examples: Examples,
  splits: readonly Split[],
  priors: readonly ModelPrior[],
  onStep: () => void,
): Choice<{ variance: number; forget: number }> {
  const candidates = VARIANCES.flatMap((variance) =>
    FORGETS.map((forget): Candidate<{ variance: number; forget: number }> => {
      const learner = { kind: "bayes" as const, variance, forget };
      const losses = splits.map((split, k) => userLoss(subject, learner, priors[k], examples, split));
      onStep();
      return { name: `τ² ${variance}, forget ${forget}`, setting: { variance, forget }, losses };
    }),
  );
  return { candidates, chosen: best(candidates) };
}

function globalLoss(
  subject: Subject,
  prior: ModelPrior | undefined,
  examples: Examples,
  { measured }: Split,
): number {
  if (prior === undefined) throw new Error("a prior for each block is expected, one is missing");
  return measure(pick(examples.y, measured), predictGlobal(subject, prior, examples, measured)).logLoss;
}

function userLoss(
  subject: Subject,
  learner: LearnerDefinition,
  prior: ModelPrior | undefined,
  examples: Examples,
  { measured, until }: Split,
): number {
  if (prior === undefined) throw new Error("a prior for each block is expected, one is missing");
  const p = userEffects(subject, examples, { learner, prior, until });
  return measure(pick(examples.y, measured), pick(p, measured)).logLoss;
}

function baseRateLoss(examples: Examples, { train, measured }: Split): number {
  const rate = rateOf(examples, train);
  const labels = pick(examples.y, measured);
  return measure(
    labels,
    labels.map(() => rate),
  ).logLoss;
}

// What a learner answers through.
import { log } from "../math/exp";
import { sigmoid } from "../math/exp";

/** The probability of a positive, and its standard deviation. */
export let probability: f64 = 0;
export let deviation: f64 = 0;
/** Log-odds before they are moderated by their own standard deviation, and that. */
export let margin: f64 = 0;
export let spread: f64 = 0;

const PI_8: f64 = 0.39269908169872414;

/** Answers with log-odds that are certain. */
@inline export function answerLogit(logit: f64): void {
  margin = logit;
  spread = 0;
  probability = sigmoid(logit);
  deviation = 0;
}

/** Answers with log-odds of a variance: the mean of σ over them (MacKay 1992). */
export function answerUncertain(logit: f64, variance: f64): void {
  const kept = 1 / sqrt(1 + PI_8 * variance);
  const p = sigmoid(logit * kept);
  margin = logit;
  spread = sqrt(variance);
  probability = p;
  // The delta method, which has no bound, within one that has: a probability of mean p varies by p(1-p) at most.
  const most = p * (1 - p);
  deviation = min(most * sqrt(variance), sqrt(most * (1 - kept)));
}

/** Answers with a probability and its standard deviation. */
export function answerProbability(p: f64, sd: f64): void {
  probability = p;
  deviation = sd;
  const most = p * (1 - p);
  margin = logOdds(p);
  spread = most > 0 ? sd / most : 0;
}

const LEAST: f64 = 1e-9;

/** ln(p / (1 - p)), within what the least p allows. */
export function logOdds(p: f64): f64 {
  const q = min(max(p, LEAST), 1 - LEAST);
  return log(q / (1 - q));
}

/** -ln of the probability that was given to the label `y`. */
export function logLoss(p: f64, y: f32): f64 {
  const right = y > 0 ? p : 1 - p;
  return -log(min(max(right, LEAST), 1 - LEAST));
}

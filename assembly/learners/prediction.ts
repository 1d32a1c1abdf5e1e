// What a learner answers through: log-odds with their variance, which `settle` turns into a probability; or, from a mix,
// the probability itself.
import { log, sigmoid, sigmoids } from "../math/exp";

/** Log-odds, before their variance moderates them. */
export let margin: f64 = 0;
/** Standard deviation of the log-odds. */
export let spread: f64 = 0;
/** After `settle`: the probability of a positive, and its standard deviation. */
export let probability: f64 = 0;
export let deviation: f64 = 0;

let variance: f64 = 0;
let settled: bool = false;

const PI_8: f64 = 0.39269908169872414;

/** Answers with log-odds of a variance, 0 when they are certain. */
@inline export function answerLogit(logit: f64, v: f64): void {
  margin = logit;
  variance = v;
  settled = false;
}

/** Answers with a probability and its standard deviation. */
export function answerProbability(p: f64, sd: f64): void {
  probability = p;
  deviation = sd;
  const most = p * (1 - p);
  margin = logOdds(p);
  spread = most > 0 ? sd / most : 0;
  settled = true;
}

/** The mean of σ over uncertain log-odds (MacKay 1992), and its deviation. */
export function settle(): void {
  if (settled) return;
  spread = sqrt(variance);
  const kept = 1 / sqrt(1 + PI_8 * variance);
  const p = sigmoid(margin * kept);
  probability = p;
  // The delta method, which has no bound, within one that has: a probability of mean p varies by p(1-p) at most.
  const most = p * (1 - p);
  deviation = min(most * spread, sqrt(most * (1 - kept)));
  settled = true;
}

/** Bytes of an answer that waits to be settled with others: f64 each. */
export const ANSWER_BYTES: usize = 16;
export const ANSWER_PROBABILITY: usize = 0;
export const ANSWER_DEVIATION: usize = 8;

/** Puts the answer at `at` for `settleAll`; false when it needs none, for it is settled. */
@inline export function postpone(at: usize): bool {
  store<f64>(at, settled ? probability : margin, ANSWER_PROBABILITY);
  store<f64>(at, settled ? deviation : variance, ANSWER_DEVIATION);
  return !settled;
}

/** Settles `count` postponed answers from `at`, two at once, with the same bits as `settle`; an odd one takes along what lies after it. */
export function settleAll(at: usize, count: i32): void {
  const one = f64x2.splat(1);
  for (const end = at + <usize>count * ANSWER_BYTES; at < end; at += 2 * ANSWER_BYTES) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    const variances = v128.shuffle<f64>(first, second, 1, 3);
    const kept = f64x2.div(one, f64x2.sqrt(f64x2.add(one, f64x2.mul(f64x2.splat(PI_8), variances))));
    const p = sigmoids(f64x2.mul(v128.shuffle<f64>(first, second, 0, 2), kept));
    const most = f64x2.mul(p, f64x2.sub(one, p));
    const sd = f64x2.pmin(
      f64x2.mul(most, f64x2.sqrt(variances)),
      f64x2.sqrt(f64x2.mul(most, f64x2.sub(one, kept))),
    );
    v128.store(at, v128.shuffle<f64>(p, sd, 0, 2));
    v128.store(at, v128.shuffle<f64>(p, sd, 1, 3), 16);
  }
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

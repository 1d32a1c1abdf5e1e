// How well a model predicts: every figure from predictions made before their labels were learned.
import { sigmoid } from "./math/exp";
import { logLoss, logOdds } from "./learners/prediction";
import {
  M_EXAMPLES, M_POSITIVES, PM_DRIFT_DELTA, PM_DRIFT_LEAST, PM_DRIFT_THRESHOLD, Q_BASE_LOSS, Q_BIN_BYTES, Q_BINS,
  Q_CORRECT, Q_COVARIANCE, Q_DETECTIONS, Q_DRIFT_AT, Q_DRIFT_COUNT, Q_DRIFT_LEAST, Q_DRIFT_MEAN, Q_DRIFT_SUM, Q_INTERCEPT,
  Q_INVERSE, Q_INVERSE_POSITIVE, Q_LOSS, Q_PRIOR_LOSS, Q_SLOPE,
} from "./layout";

/** Platt's covariance before the first example. */
const UNSURE: f64 = 0.25;
const MOST_LOGIT: f64 = 15;

export function initQuality(q: usize): void {
  store<f64>(q, 1, Q_SLOPE);
  store<f64>(q, UNSURE, Q_COVARIANCE);
  store<f64>(q, UNSURE, Q_COVARIANCE + 16);
  store<f64>(q, -1, Q_DRIFT_AT);
}

/**
 * Takes in that a model (params `m`, state `s`, quality `q`) gave `p` to an example of label `y` at time `t`, before
 * the example is counted. `priorP` is the prior's own prediction, or less than 0.
 */
export function judge(m: usize, s: usize, q: usize, p: f64, priorP: f64, y: f32, propensity: f32, t: f64): void {
  const loss = logLoss(p, y);
  add(q + Q_LOSS, loss);
  const rate = (<f64>load<f32>(s, M_POSITIVES) + 0.5) / (<f64>load<f32>(s, M_EXAMPLES) + 1);
  add(q + Q_BASE_LOSS, logLoss(rate, y));
  if (priorP >= 0) add(q + Q_PRIOR_LOSS, logLoss(priorP, y));
  if ((p > 0.5 ? 1 : 0) == <i32>y) addSmall(q + Q_CORRECT, 1);
  const bin = q + Q_BINS + <usize>(min(<i32>(p * 10), 9) * Q_BIN_BYTES);
  addSmall(bin, 1);
  addSmall(bin + 4, y);
  addSmall(bin + 8, <f32>p);
  if (propensity > 0) {
    add(q + Q_INVERSE, 1 / <f64>propensity);
    add(q + Q_INVERSE_POSITIVE, <f64>y / <f64>propensity);
  }
  calibrate(q, p, y);
  watch(m, q, loss, t);
}

@inline function add(at: usize, x: f64): void {
  store<f64>(at, load<f64>(at) + x);
}

@inline function addSmall(at: usize, x: f32): void {
  store<f32>(at, load<f32>(at) + x);
}

@inline function boundedLogit(p: f64): f64 {
  return min(max(logOdds(p), -MOST_LOGIT), MOST_LOGIT);
}

/** The probability corrected by how earlier ones turned out (Platt 1999). */
export function calibrated(q: usize, p: f64): f64 {
  return sigmoid(load<f64>(q, Q_SLOPE) * boundedLogit(p) + load<f64>(q, Q_INTERCEPT));
}

/** Platt's slope and intercept, online: an extended Kalman filter in two dimensions. */
function calibrate(q: usize, p: f64, y: f32): void {
  const x = boundedLogit(p);
  const a = load<f64>(q, Q_SLOPE);
  const b = load<f64>(q, Q_INTERCEPT);
  const paa = load<f64>(q, Q_COVARIANCE);
  const pab = load<f64>(q, Q_COVARIANCE + 8);
  const pbb = load<f64>(q, Q_COVARIANCE + 16);
  const guess = sigmoid(a * x + b);
  const h = guess * (1 - guess);
  const ka = paa * x + pab;
  const kb = pab * x + pbb;
  const gain = 1 / (1 + h * (ka * x + kb));
  const step = (<f64>y - guess) * gain;
  const shrink = h * gain;
  store<f64>(q, a + ka * step, Q_SLOPE);
  store<f64>(q, b + kb * step, Q_INTERCEPT);
  store<f64>(q, paa - shrink * ka * ka, Q_COVARIANCE);
  store<f64>(q, pab - shrink * ka * kb, Q_COVARIANCE + 8);
  store<f64>(q, pbb - shrink * kb * kb, Q_COVARIANCE + 16);
}

/** Page and Hinkley's test for a rise of the loss (Page 1954): has the model stopped fitting the user? */
function watch(m: usize, q: usize, loss: f64, t: f64): void {
  const n = load<f32>(q, Q_DRIFT_COUNT) + 1;
  const mean = load<f64>(q, Q_DRIFT_MEAN) + (loss - load<f64>(q, Q_DRIFT_MEAN)) / <f64>n;
  const sum = load<f64>(q, Q_DRIFT_SUM) + (loss - mean - load<f64>(m, PM_DRIFT_DELTA));
  const least = min(load<f64>(q, Q_DRIFT_LEAST), sum);
  const drifted = n >= <f32>load<i32>(m, PM_DRIFT_LEAST) && sum - least > load<f64>(m, PM_DRIFT_THRESHOLD);
  if (drifted) {
    store<f64>(q, t, Q_DRIFT_AT);
    addSmall(q + Q_DETECTIONS, 1);
  }
  store<f32>(q, drifted ? 0 : n, Q_DRIFT_COUNT);
  store<f64>(q, drifted ? 0 : mean, Q_DRIFT_MEAN);
  store<f64>(q, drifted ? 0 : sum, Q_DRIFT_SUM);
  store<f64>(q, drifted ? 0 : least, Q_DRIFT_LEAST);
}

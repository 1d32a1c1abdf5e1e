// A model of the profile: examples in, probabilities out. The learner behind it is the definition's choice.
import { dot } from "./math/simd";
import { sigmoid } from "./math/exp";
import { extract, observe, prepare, standardise, Z } from "./features";
import { init as initLearner, learn, predict } from "./learners/index";
import { probability, settle } from "./learners/prediction";
import { logExample } from "./log";
import { initQuality, judge } from "./quality";
import {
  M_EXAMPLES, M_FAST, M_LAST, M_POSITIVES, M_QUALITY, M_SLOW, M_STANDARD, PARAMS, PM_LEARNER, PM_PRIOR, PM_STATE, PM_WIDTH,
  PRIOR, RAW, STATE,
} from "./layout";

const FAST: f32 = 0.1;
const SLOW: f32 = 0.01;

/** The params of a model's learner, and its state. */
@inline export function learnerOf(m: usize): usize {
  return PARAMS + load<i32>(m, PM_LEARNER);
}

@inline export function stateOf(m: usize): usize {
  return STATE + load<i32>(m, PM_STATE);
}

/** The first state of the model at params `m`, over zeros. */
export function initModel(m: usize): void {
  initQuality(stateOf(m) + M_QUALITY);
  initLearner(learnerOf(m));
}

/** Makes ready to standardise: by the prior's statistics where there are some, else by the user's own. */
function prepareModel(m: usize): void {
  const width = load<i32>(m, PM_WIDTH);
  const row = <usize>width << 2;
  const prior = load<i32>(m, PM_PRIOR);
  const means = prior >= 0 ? PRIOR + <usize>prior + row : stateOf(m) + M_STANDARD + row;
  prepare(means, means + row, width);
}

/** Predicts the label of the raw vector, through `prediction`. Changes nothing that is kept. */
export function predictRaw(m: usize): void {
  prepareModel(m);
  standardise(RAW, load<i32>(m, PM_WIDTH));
  predict(learnerOf(m), Z, RAW);
  settle();
}

/** Reads the next `count` records of one time, from `r`, for `predictRow`. */
export function readRecords(m: usize, r: usize, count: i32, isFirst: bool): void {
  extract(m, r, count, isFirst);
  if (isFirst) prepareModel(m);
}

/** Predicts, not settled, the label of one of the records just read; returns where its raw vector is. */
export function predictRow(m: usize, index: i32): usize {
  const width = load<i32>(m, PM_WIDTH);
  const raw = RAW + <usize>index * (<usize>width << 2);
  standardise(raw, width);
  predict(learnerOf(m), Z, raw);
  return raw;
}

/**
 * Learns at time `t` that the raw vector, for which `p` was predicted when it was seen, has the label `y`. The index
 * of the model is for the log.
 */
export function learnRaw(m: usize, index: i32, p: f64, y: f32, propensity: f32, t: f64): void {
  const s = stateOf(m);
  const width = load<i32>(m, PM_WIDTH);
  const prior = load<i32>(m, PM_PRIOR);
  logExample(index, width, p, y, t);
  if (prior < 0) observe(s + M_STANDARD, width);
  prepareModel(m);
  standardise(RAW, width);
  const priorP = prior < 0 ? -1 : sigmoid(<f64>dot(PRIOR + <usize>prior, Z, width));
  judge(m, s, s + M_QUALITY, p, priorP, y, propensity, t);
  learn(learnerOf(m), Z, RAW, y);

  const shown = <f32>p;
  const examples = load<f32>(s, M_EXAMPLES);
  const fast = examples == 0 ? shown : load<f32>(s, M_FAST);
  const slow = examples == 0 ? shown : load<f32>(s, M_SLOW);
  store<f32>(s, examples + 1, M_EXAMPLES);
  store<f32>(s, load<f32>(s, M_POSITIVES) + y, M_POSITIVES);
  store<f32>(s, shown, M_LAST);
  store<f32>(s, fast + FAST * (shown - fast), M_FAST);
  store<f32>(s, slow + SLOW * (shown - slow), M_SLOW);
}

/** Predicts, then learns, the raw vector. */
export function stepRaw(m: usize, index: i32, y: f32, propensity: f32, t: f64): f64 {
  predictRaw(m);
  const p = probability;
  learnRaw(m, index, p, y, propensity, t);
  return p;
}

// The whole interface of the kernel. The host copies the definition into PARAMS, the priors into PRIOR, a state into
// STATE and records into RECORDS, calls one function, and copies the result out.
import { answerBytes, exploreRecords } from "./explore";
import { bound } from "./features";
import { foldRecord, initState, passTime } from "./fold";
import { weight as weightOf } from "./learners/index";
import { probability } from "./learners/prediction";
import { beginLog, logged as loggedBytes } from "./log";
import { learnerOf, predictRaw, stateOf, stepRaw } from "./model";
import { calibrated } from "./quality";
import { rankRecords } from "./rank";
import { M_QUALITY, P_MODELS_AT, P_RECORD_BYTES, PARAMS, PM_BYTES, PM_WIDTH, RECORDS } from "./layout";

export * from "./layout";
export { learnerBytes } from "./learners/index";
/** For the host to read decayed weights by: engines differ in the last bit of their own. */
export { exp } from "./math/exp";

@inline function model(index: i32): usize {
  return PARAMS + load<i32>(PARAMS, P_MODELS_AT) + <usize>(index * PM_BYTES);
}

/** STATE := the state of a user of whom nothing is known. */
export function init(): void {
  initState();
}

/** STATE := the fold of RECORDS, `count` of them in (time, id) order, into STATE. */
export function fold(count: i32): void {
  const recordBytes = load<i32>(PARAMS, P_RECORD_BYTES);
  let r = RECORDS;
  for (let i = 0; i < count; i++, r += recordBytes) foldRecord(r);
}

/** STATE := STATE at time `t` with no event until then: what was pending and ran out is negative. */
export function advance(t: f64): void {
  passTime(t);
}

/** OUTPUT := a score for each of `count` candidates in RECORDS, by the model of that index. */
export function rank(count: i32, index: i32, explain: i32): void {
  rankRecords(model(index), count, explain);
}

/** OUTPUT := a score to order the candidates by, and each one's probability of coming first. */
export function explore(count: i32, index: i32, how: i32, seed: u32): void {
  exploreRecords(model(index), count, how, seed);
}

/** Bytes of one answer of `explore`. */
export function exploreBytes(index: i32): i32 {
  return answerBytes(model(index));
}

/** A probability of the model, corrected by how earlier ones turned out. */
export function calibrate(index: i32, p: f64): f64 {
  return calibrated(stateOf(model(index)) + M_QUALITY, p);
}

// --- For training and evaluation, outside of a profile.

/** Predicts the vector in RAW, learns its label, and returns the prediction. */
export function step(index: i32, y: f32, t: f64): f64 {
  bound(load<i32>(model(index), PM_WIDTH));
  return stepRaw(model(index), index, y, 0, t);
}

/** Predicts the vector in RAW. */
export function guess(index: i32): f64 {
  bound(load<i32>(model(index), PM_WIDTH));
  predictRaw(model(index));
  return probability;
}

/** The weight of a standardised feature, for learners that have weights. */
export function weight(index: i32, j: i32): f32 {
  return weightOf(learnerOf(model(index)), j);
}

/** Begins a log of the examples that folds learn, in OUTPUT; or ends it. */
export function log(on: i32): void {
  beginLog(on != 0);
}

/** Bytes of the log so far. */
export function logged(): i32 {
  return loggedBytes;
}

// The learners, listed once. A learner is a file of this folder and a case in each function here.
import { LEARNER_BAYES, LEARNER_SGD, PM_LEARNER, PM_LEARNER_STATE, PM_PRIOR, PM_SETTINGS, PM_WIDTH, PRIOR, STATE } from "../layout";
import * as bayes from "./bayes";
import * as sgd from "./sgd";

/** Rows of `width` f32 values that a learner's block holds. */
export function learnerRows(kind: i32): i32 {
  switch (kind) {
    case LEARNER_SGD:
      return sgd.ROWS;
    case LEARNER_BAYES:
      return bayes.ROWS;
  }
  return unreachable();
}

/** Writes the first block of the model at params `m` over zeros. */
export function init(m: usize): void {
  if (load<i32>(m, PM_LEARNER) == LEARNER_BAYES) bayes.init(m + PM_SETTINGS, block(m), load<i32>(m, PM_WIDTH));
}

/** Leaves the prediction for `z` in `logit` and `variance`; changes nothing else. */
export function predict(m: usize, z: usize): void {
  const width = load<i32>(m, PM_WIDTH);
  switch (load<i32>(m, PM_LEARNER)) {
    case LEARNER_SGD:
      sgd.predict(block(m), z, width);
      break;
    case LEARNER_BAYES:
      bayes.predict(block(m), prior(m), z, width);
      break;
  }
}

/** Learns that `z` had the label `y`, 0 or 1. */
export function learn(m: usize, z: usize, y: f32): void {
  const width = load<i32>(m, PM_WIDTH);
  switch (load<i32>(m, PM_LEARNER)) {
    case LEARNER_SGD:
      sgd.learn(m + PM_SETTINGS, block(m), z, width, y);
      break;
    case LEARNER_BAYES:
      bayes.learn(m + PM_SETTINGS, block(m), prior(m), z, width, y);
      break;
  }
}

/** What feature `j` is multiplied by in the log-odds. */
export function weight(m: usize, j: i32): f32 {
  switch (load<i32>(m, PM_LEARNER)) {
    case LEARNER_SGD:
      return sgd.weight(block(m), j);
    case LEARNER_BAYES:
      return bayes.weight(block(m), prior(m), j);
  }
  return unreachable();
}

@inline function block(m: usize): usize {
  return STATE + load<i32>(m, PM_LEARNER_STATE);
}

@inline function prior(m: usize): usize {
  return PRIOR + load<i32>(m, PM_PRIOR);
}

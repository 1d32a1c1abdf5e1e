// Scores candidates for the state; writes nothing to it.
import { Z } from "./features";
import { addContributions } from "./learners/index";
import { deviation, deviations, postpone, probabilities, probability, settleTwo } from "./learners/prediction";
import { learnerOf, predictRow, readRecords } from "./model";
import {
  MOST_ROWS, O_CONTRIBUTIONS, O_PROBABILITY, O_SD, OUTPUT, P_RECORD_BYTES, PARAMS, PM_FEATURES, PM_WIDTH, RECORDS,
} from "./layout";

/** Two answers that wait to be settled together. */
const WAITING: usize = memory.data(32, 16);

/** Scores the `count` records by the model at params `m` into OUTPUT, with contributions when `explain` is not 0. */
export function rankRecords(m: usize, count: i32, explain: i32): void {
  const recordBytes = load<i32>(PARAMS, P_RECORD_BYTES);
  const features = load<i32>(m, PM_FEATURES);
  const outBytes = <usize>(O_CONTRIBUTIONS + (explain != 0 ? load<i32>(m, PM_WIDTH) << 2 : 0));
  const learner = learnerOf(m);
  let r = RECORDS;
  let out = OUTPUT;
  for (let i = 0; i < count; i++, r += recordBytes, out += outBytes) {
    const row = i % MOST_ROWS;
    if (row == 0) readRecords(m, r, min(count - i, MOST_ROWS), i == 0);
    const raw = predictRow(m, row);
    if (!postpone(WAITING + (<usize>(i & 1) << 4))) {
      put(out, probability, deviation);
    } else if ((i & 1) == 1) {
      settleTwo(WAITING);
      put(out - outBytes, f64x2.extract_lane(probabilities, 0), f64x2.extract_lane(deviations, 0));
      put(out, f64x2.extract_lane(probabilities, 1), f64x2.extract_lane(deviations, 1));
    } else if (i == count - 1) {
      settleTwo(WAITING);
      put(out, f64x2.extract_lane(probabilities, 0), f64x2.extract_lane(deviations, 0));
    }
    if (explain == 0) continue;
    const contributions = out + O_CONTRIBUTIONS;
    memory.fill(contributions, 0, outBytes - O_CONTRIBUTIONS);
    addContributions(learner, Z, raw, features, contributions, 1);
  }
}

@inline function put(out: usize, p: f64, sd: f64): void {
  store<f32>(out, <f32>p, O_PROBABILITY);
  store<f32>(out, <f32>sd, O_SD);
}

// Scores candidates for the state; writes nothing to it.
import { Z } from "./features";
import { addContributions } from "./learners/index";
import { deviation, probability } from "./learners/prediction";
import { learnerOf, predictRecord } from "./model";
import {
  O_CONTRIBUTIONS, O_PROBABILITY, O_SD, OUTPUT, P_RECORD_BYTES, PARAMS, PM_FEATURES, PM_WIDTH, RAW, RECORDS,
} from "./layout";

/** Scores the `count` records by the model at params `m` into OUTPUT, with contributions when `explain` is not 0. */
export function rankRecords(m: usize, count: i32, explain: i32): void {
  const recordBytes = load<i32>(PARAMS, P_RECORD_BYTES);
  const features = load<i32>(m, PM_FEATURES);
  const outBytes = O_CONTRIBUTIONS + (explain != 0 ? load<i32>(m, PM_WIDTH) << 2 : 0);
  const learner = learnerOf(m);
  let r = RECORDS;
  let out = OUTPUT;
  for (let i = 0; i < count; i++, r += recordBytes, out += outBytes) {
    predictRecord(m, r, i == 0);
    store<f32>(out, <f32>probability, O_PROBABILITY);
    store<f32>(out, <f32>deviation, O_SD);
    if (explain == 0) continue;
    const contributions = out + O_CONTRIBUTIONS;
    memory.fill(contributions, 0, <usize>outBytes - O_CONTRIBUTIONS);
    addContributions(learner, Z, RAW, features, contributions, 1);
  }
}

// Scores candidates for the state; writes nothing to it.
import { Z } from "./features";
import { weight } from "./learners/index";
import { deviation, predictRecord, probability } from "./model";
import {
  O_CONTRIBUTIONS, O_PROBABILITY, O_SD, OUTPUT, P_RECORD_BYTES, PARAMS, PM_FEATURES, PM_WIDTH, RECORDS,
} from "./layout";

/** Scores the `count` records by the model at params `m` into OUTPUT, with contributions when `explain` is not 0. */
export function rankRecords(m: usize, count: i32, explain: i32): void {
  const recordBytes = load<i32>(PARAMS, P_RECORD_BYTES);
  const features = load<i32>(m, PM_FEATURES);
  const outBytes = O_CONTRIBUTIONS + (explain != 0 ? load<i32>(m, PM_WIDTH) << 2 : 0);
  let r = RECORDS;
  let out = OUTPUT;
  for (let i = 0; i < count; i++, r += recordBytes, out += outBytes) {
    predictRecord(m, r);
    store<f32>(out, probability, O_PROBABILITY);
    store<f32>(out, deviation, O_SD);
    if (explain == 0) continue;
    for (let j = 0; j < features; j++) {
      const at = <usize>j << 2;
      store<f32>(out + at, weight(m, j) * load<f32>(Z + at), O_CONTRIBUTIONS);
    }
  }
}

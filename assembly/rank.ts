// Scores candidates for the state; writes nothing to it.
import { Z } from "./features";
import { addContributions } from "./learners/index";
import { ANSWER_BYTES, ANSWER_DEVIATION, ANSWER_PROBABILITY, postpone, settleAll } from "./learners/prediction";
import { learnerOf, predictRow, readRecords } from "./model";
import {
  MOST_ROWS, O_CONTRIBUTIONS, O_PROBABILITY, O_SD, OUTPUT, P_RECORD_BYTES, PARAMS, PM_FEATURES, PM_WIDTH, RECORDS,
} from "./layout";

/** The answers of candidates that are scored together. */
const ANSWERS: usize = memory.data(256, 16);

/** Scores the `count` records by the model at params `m` into OUTPUT, with contributions when `explain` is not 0. */
export function rankRecords(m: usize, count: i32, explain: i32): void {
  const stride = <usize>(MOST_ROWS * load<i32>(PARAMS, P_RECORD_BYTES));
  const outBytes = <usize>(O_CONTRIBUTIONS + (explain != 0 ? load<i32>(m, PM_WIDTH) << 2 : 0));
  let r = RECORDS;
  let out = OUTPUT;
  for (let i = 0; i < count; i += MOST_ROWS, r += stride) {
    const rows = min(count - i, MOST_ROWS);
    readRecords(m, r, rows, i == 0);
    rankRows(m, rows, explain, out, outBytes);
    out += <usize>rows * outBytes;
  }
}

/** The same of the `rows` records just read. */
function rankRows(m: usize, rows: i32, explain: i32, out: usize, outBytes: usize): void {
  const features = load<i32>(m, PM_FEATURES);
  let postponed = false;
  for (let k = 0; k < rows; k++) {
    const raw = predictRow(m, k);
    postponed = postpone(ANSWERS + <usize>k * ANSWER_BYTES);
    if (explain == 0) continue;
    const contributions = out + <usize>k * outBytes + O_CONTRIBUTIONS;
    memory.fill(contributions, 0, outBytes - O_CONTRIBUTIONS);
    addContributions(learnerOf(m), Z, raw, features, contributions, 1);
  }
  // One learner has given all of them, so all are settled or none is.
  if (postponed) settleAll(ANSWERS, rows);
  for (let k = 0; k < rows; k++, out += outBytes) {
    const answer = ANSWERS + <usize>k * ANSWER_BYTES;
    store<f32>(out, <f32>load<f64>(answer, ANSWER_PROBABILITY), O_PROBABILITY);
    store<f32>(out, <f32>load<f64>(answer, ANSWER_DEVIATION), O_SD);
  }
}

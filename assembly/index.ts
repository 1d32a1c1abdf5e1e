// The whole interface of the kernel. The host copies the definition into PARAMS, the priors into PRIOR, a state into
// STATE and records into RECORDS, calls one function, and copies the result out.
import { foldRecord, initState } from "./fold";
import { rankRecords } from "./rank";
import { P_MODELS_AT, P_RECORD_BYTES, PARAMS, PM_BYTES, RECORDS } from "./layout";

export * from "./layout";
export { learnerRows } from "./learners/index";

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

/** OUTPUT := a score for each of `count` candidates in RECORDS, by the model of that index. */
export function rank(count: i32, model: i32, explain: i32): void {
  rankRecords(PARAMS + load<i32>(PARAMS, P_MODELS_AT) + model * PM_BYTES, count, explain);
}

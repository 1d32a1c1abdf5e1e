// U: one record into the state.
import { addNumber } from "./profile/numbers";
import { addInterest } from "./profile/interests";
import { addToWindow } from "./profile/windows";
import { initModel } from "./model";
import { heed, runOut } from "./targets";
import {
  P_BUCKET_BYTES, P_DIMENSIONS, P_DIMENSIONS_AT, P_MODELS, P_MODELS_AT, P_NAMES, P_NUMBERS,
  P_NUMBERS_AT, P_RECORD_KEYS, P_RECORD_LABELS, P_RECORD_NUMBERS, P_STATE_BYTES, P_WINDOWS, P_WINDOWS_AT, PARAMS,
  PD_BYTES, PD_KEEP, PD_RATE, PD_STATE, PM_BYTES, PM_PENDING, PN_BYTES, PN_STATE, PW_BUCKET_MS, PW_BYTES, PW_STATE,
  R_NAME, R_PART, R_TIME, R_VALUE, R_WEIGHT, RL_BYTES, S_EVENTS, S_FIRST, S_LAST, S_LASTS, STATE,
} from "./layout";

/** Writes the state of a user of whom nothing is known. */
export function initState(): void {
  memory.fill(STATE, 0, load<i32>(PARAMS, P_STATE_BYTES));
  store<f64>(STATE, -1, S_FIRST);
  store<f64>(STATE, -1, S_LAST);
  for (let i = load<i32>(PARAMS, P_NAMES) - 1; i >= 0; i--) store<f64>(STATE + S_LASTS + (<usize>i << 3), -1);
  let m = PARAMS + load<i32>(PARAMS, P_MODELS_AT);
  for (let i = load<i32>(PARAMS, P_MODELS); i > 0; i--, m += PM_BYTES) initModel(m);
}

/** Lets the time `t` pass without an event: pending examples that ran out are negative. */
export function passTime(t: f64): void {
  let m = PARAMS + load<i32>(PARAMS, P_MODELS_AT);
  const models = load<i32>(PARAMS, P_MODELS);
  for (let i = 0; i < models; i++, m += PM_BYTES) if (load<i32>(m, PM_PENDING) > 0) runOut(m, i, t);
}

/** Folds the record at `r`. */
export function foldRecord(r: usize): void {
  // The models first: a feature must not contain the event that it predicts.
  heedModels(r);
  const t = load<f64>(r, R_TIME);
  if (load<i32>(r, R_PART) == 0) {
    countEvent(r, t);
    addWindows(r, t);
  }
  addNumbers(r, t);
  const weight = load<f64>(r, R_WEIGHT);
  if (weight > 0) addInterests(r, weight, t);
}

@inline function heedModels(r: usize): void {
  let label = r + load<i32>(PARAMS, P_RECORD_LABELS);
  let m = PARAMS + load<i32>(PARAMS, P_MODELS_AT);
  const models = load<i32>(PARAMS, P_MODELS);
  for (let i = 0; i < models; i++, label += RL_BYTES, m += PM_BYTES) heed(m, i, r, label);
}

@inline function countEvent(r: usize, t: f64): void {
  const events = load<f64>(STATE, S_EVENTS);
  if (events == 0) store<f64>(STATE, t, S_FIRST);
  store<f64>(STATE, events + 1, S_EVENTS);
  store<f64>(STATE, t, S_LAST);
  const name = load<i32>(r, R_NAME);
  if (name >= 0) store<f64>(STATE + S_LASTS + (<usize>name << 3), t);
}

@inline function addNumbers(r: usize, t: f64): void {
  let value = r + load<i32>(PARAMS, P_RECORD_NUMBERS);
  let n = PARAMS + load<i32>(PARAMS, P_NUMBERS_AT);
  for (let i = load<i32>(PARAMS, P_NUMBERS); i > 0; i--, value += 8, n += PN_BYTES) {
    const x = load<f64>(value);
    if (x == x) addNumber(n, STATE + load<i32>(n, PN_STATE), x, t);
  }
}

@inline function addInterests(r: usize, weight: f64, t: f64): void {
  let key = r + load<i32>(PARAMS, P_RECORD_KEYS);
  let d = PARAMS + load<i32>(PARAMS, P_DIMENSIONS_AT);
  for (let i = load<i32>(PARAMS, P_DIMENSIONS); i > 0; i--, key += 8, d += PD_BYTES) {
    const k = load<f64>(key);
    if (k != 0) addInterest(STATE + load<i32>(d, PD_STATE), load<i32>(d, PD_KEEP), k, weight, t, load<f64>(d, PD_RATE));
  }
}

@inline function addWindows(r: usize, t: f64): void {
  const name = load<i32>(r, R_NAME);
  const value = load<f64>(r, R_VALUE);
  const bucketBytes = load<i32>(PARAMS, P_BUCKET_BYTES);
  let w = PARAMS + load<i32>(PARAMS, P_WINDOWS_AT);
  for (let i = load<i32>(PARAMS, P_WINDOWS); i > 0; i--, w += PW_BYTES) {
    addToWindow(STATE + load<i32>(w, PW_STATE), load<f64>(w, PW_BUCKET_MS), bucketBytes, name, value, t);
  }
}

// When a model's examples get their labels: at once, or later, when an outcome follows or the time runs out. Pending
// examples are part of the state, and time passes only by records: no timer is needed, and no order of arrival matters.
import { extract } from "./features";
import { probability } from "./learners/prediction";
import { learnRaw, predictRaw, stateOf, stepRaw } from "./model";
import {
  E_KEY, E_PROBABILITY, E_PROPENSITY, E_RAW, E_UNTIL, M_PENDING, M_SKIPPED, PM_PENDING, PM_PENDING_STATE, PM_WIDTH,
  PM_WITHIN, R_TIME, RAW, RL_KEY, RL_PROPENSITY, RL_ROLE, ROLE_NEGATIVE, ROLE_OPENS, ROLE_OUTCOME, ROLE_POSITIVE, STATE,
} from "./layout";

/** What the record at `r`, whose label is at `label`, means to the model of that index at params `m`. */
export function heed(m: usize, index: i32, r: usize, label: usize): void {
  const t = load<f64>(r, R_TIME);
  if (load<i32>(m, PM_PENDING) > 0) runOut(m, index, t);
  const role = load<i32>(label, RL_ROLE);
  if (role == 0) return;
  if ((role & ROLE_OUTCOME) != 0) endPending(m, index, load<f64>(label, RL_KEY), t);
  if ((role & (ROLE_NEGATIVE | ROLE_POSITIVE)) != 0) {
    extract(m, r, 1, true);
    stepRaw(m, index, (role & ROLE_POSITIVE) != 0 ? 1 : 0, load<f32>(label, RL_PROPENSITY), t);
  }
  if ((role & ROLE_OPENS) != 0) open(m, r, label, t);
}

/** Ends what ran out before `t` as negative, oldest first: all wait equally long, so the oldest runs out first. */
export function runOut(m: usize, index: i32, t: f64): void {
  const s = stateOf(m);
  const first = pending(m);
  while (load<i32>(s, M_PENDING) > 0 && load<f64>(first, E_UNTIL) < t) end(m, index, first, 0, t);
}

function endPending(m: usize, index: i32, key: f64, t: f64): void {
  const s = stateOf(m);
  const bytes = entryBytes(m);
  let entry = pending(m);
  let left = load<i32>(s, M_PENDING);
  while (left > 0) {
    left--;
    // Ending one moves the next to its place.
    if (key == 0 || load<f64>(entry, E_KEY) == key) end(m, index, entry, 1, t);
    else entry += bytes;
  }
}

function end(m: usize, index: i32, entry: usize, y: f32, t: f64): void {
  const s = stateOf(m);
  const bytes = entryBytes(m);
  const p = load<f64>(entry, E_PROBABILITY);
  const propensity = load<f32>(entry, E_PROPENSITY);
  memory.copy(RAW, entry + E_RAW, <usize>load<i32>(m, PM_WIDTH) << 2);
  const left = load<i32>(s, M_PENDING) - 1;
  const last = pending(m) + <usize>left * bytes;
  memory.copy(entry, entry + bytes, last - entry);
  // Freed places are zeros, so that equal states have equal bytes.
  memory.fill(last, 0, bytes);
  store<i32>(s, left, M_PENDING);
  learnRaw(m, index, p, y, propensity, t);
}

function open(m: usize, r: usize, label: usize, t: f64): void {
  const s = stateOf(m);
  const waiting = load<i32>(s, M_PENDING);
  if (waiting == load<i32>(m, PM_PENDING)) {
    store<f32>(s, load<f32>(s, M_SKIPPED) + 1, M_SKIPPED);
    return;
  }
  extract(m, r, 1, true);
  predictRaw(m);
  const entry = pending(m) + <usize>waiting * entryBytes(m);
  store<f64>(entry, t + load<f64>(m, PM_WITHIN), E_UNTIL);
  store<f64>(entry, load<f64>(label, RL_KEY), E_KEY);
  store<f64>(entry, probability, E_PROBABILITY);
  store<f32>(entry, load<f32>(label, RL_PROPENSITY), E_PROPENSITY);
  memory.copy(entry + E_RAW, RAW, <usize>load<i32>(m, PM_WIDTH) << 2);
  store<i32>(s, waiting + 1, M_PENDING);
}

@inline function pending(m: usize): usize {
  return STATE + load<i32>(m, PM_PENDING_STATE);
}

@inline function entryBytes(m: usize): usize {
  return <usize>(E_RAW + (load<i32>(m, PM_WIDTH) << 2));
}

// Several learners, mixed by how well each has predicted (Hedge, Freund and Schapire 1997). Setting: η.
// Block: the members' sums of log losses f64, their own blocks where the params say.
import { exp } from "../math/exp";
import { MOST_MEMBERS, PL_BYTES, PL_MEMBERS, PL_SETTINGS, PL_SIZE, PARAMS } from "../layout";
import {
  addContributions as addMember, init as initMember, learn as learnMember, predict as predictMember,
} from "./index";
import { answerProbability, deviation, logLoss, probability, settle } from "./prediction";

/** The members' shares of the mix, probabilities and deviations, f64 each. */
const SHARES: usize = memory.data(32, 16);
const PROBABILITIES: usize = memory.data(32, 16);
const DEVIATIONS: usize = memory.data(32, 16);

export function bytes(): i32 {
  return MOST_MEMBERS << 3;
}

@inline export function member(l: usize, k: i32): usize {
  return PARAMS + load<i32>(l, PL_MEMBERS) + <usize>(k * PL_BYTES);
}

/** The share of member `k` since `mix`. */
@inline export function share(k: i32): f64 {
  return load<f64>(SHARES + (<usize>k << 3));
}

export function init(l: usize): void {
  for (let k = load<i32>(l, PL_SIZE) - 1; k >= 0; k--) initMember(member(l, k));
}

/** Works out the shares, from the least loss so that nothing overflows. */
export function mix(l: usize, block: usize): void {
  const members = load<i32>(l, PL_SIZE);
  const eta = <f64>load<f32>(l, PL_SETTINGS);
  let least: f64 = load<f64>(block);
  for (let k = 1; k < members; k++) least = min(least, load<f64>(block + (<usize>k << 3)));
  let sum: f64 = 0;
  for (let k = 0; k < members; k++) {
    const at = <usize>k << 3;
    const share = exp(eta * (least - load<f64>(block + at)));
    store<f64>(SHARES + at, share);
    sum += share;
  }
  for (let k = 0; k < members; k++) store<f64>(SHARES + (<usize>k << 3), share(k) / sum);
}

export function predict(l: usize, block: usize, z: usize, x: usize): void {
  const members = load<i32>(l, PL_SIZE);
  mix(l, block);
  let p: f64 = 0;
  for (let k = 0; k < members; k++) {
    const at = <usize>k << 3;
    predictMember(member(l, k), z, x);
    settle();
    store<f64>(PROBABILITIES + at, probability);
    store<f64>(DEVIATIONS + at, deviation);
    p += share(k) * probability;
  }
  let variance: f64 = 0;
  for (let k = 0; k < members; k++) {
    const at = <usize>k << 3;
    const off = load<f64>(PROBABILITIES + at) - p;
    variance += share(k) * (load<f64>(DEVIATIONS + at) * load<f64>(DEVIATIONS + at) + off * off);
  }
  answerProbability(p, sqrt(variance));
}

export function learn(l: usize, block: usize, z: usize, x: usize, y: f32): void {
  for (let k = load<i32>(l, PL_SIZE) - 1; k >= 0; k--) {
    const at = block + (<usize>k << 3);
    predictMember(member(l, k), z, x);
    settle();
    store<f64>(at, load<f64>(at) + logLoss(probability, y));
    learnMember(member(l, k), z, x, y);
  }
}

/** Adds to `out` what the members say that each feature adds, mixed. */
export function addContributions(l: usize, z: usize, x: usize, n: i32, out: usize): void {
  for (let k = load<i32>(l, PL_SIZE) - 1; k >= 0; k--) {
    // Members of a kind share what their last prediction left behind.
    predictMember(member(l, k), z, x);
    addMember(member(l, k), z, x, n, out, <f32>share(k));
  }
}

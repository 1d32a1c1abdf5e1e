// The heaviest keys of one dimension: Space-Saving (Metwally et al., ICDT 2005) over forward-decayed weights
// (Cormode et al., ICDE 2009).
import { exp } from "../math/exp";
import { I_KEYS, I_LANDMARK, I_TOTAL, I_USED } from "../layout";

/** Beyond e^40 the landmark moves, long before f64 would lose a small weight beside a large one. */
const FARTHEST: f64 = 40;

/** Adds `weight` at time `t` to `key` of the dimension at `d`. */
export function addInterest(d: usize, keep: i32, key: f64, weight: f64, t: f64, rate: f64): void {
  const used = load<i32>(d, I_USED);
  if (used == 0) store<f64>(d, t, I_LANDMARK);
  let age = rate * (t - load<f64>(d, I_LANDMARK));
  if (age > FARTHEST) {
    moveLandmark(d, keep, exp(-age), t);
    age = 0;
  }
  const grown = weight * exp(age);
  store<f64>(d, load<f64>(d, I_TOTAL) + grown, I_TOTAL);
  const weights = d + I_KEYS + (<usize>keep << 3);
  let slot = findKey(d, used, key);
  if (slot >= 0) {
    const at = weights + (<usize>slot << 3);
    store<f64>(at, load<f64>(at) + grown);
    return;
  }
  let inherited: f64 = 0;
  if (used < keep) {
    slot = used;
    store<i32>(d, used + 1, I_USED);
  } else {
    slot = lightest(weights, keep);
    inherited = load<f64>(weights + (<usize>slot << 3));
  }
  const at = weights + (<usize>slot << 3);
  store<f64>(d + I_KEYS + (<usize>slot << 3), key);
  store<f64>(at, inherited + grown);
  store<f32>(errorsOf(weights, keep) + (<usize>slot << 2), roundUp(inherited));
}

/** The slot of `key`, or -1. Free slots hold the key 0, which no event has, so whole vectors may be compared. */
export function findKey(d: usize, used: i32, key: f64): i32 {
  const wanted = f64x2.splat(key);
  const keys = d + I_KEYS;
  for (let i = 0; i < used; i += 2) {
    const equal = f64x2.eq(v128.load(keys + (<usize>i << 3)), wanted);
    if (v128.any_true(equal)) return i64x2.extract_lane(equal, 0) != 0 ? i : i + 1;
  }
  return -1;
}

/** The first slot of least weight. */
function lightest(weights: usize, keep: i32): i32 {
  let least = v128.load(weights);
  for (let i = 2; i < keep; i += 2) least = f64x2.pmin(least, v128.load(weights + (<usize>i << 3)));
  const a = f64x2.extract_lane(least, 0);
  const b = f64x2.extract_lane(least, 1);
  const minimum = f64x2.splat(a < b ? a : b);
  for (let i = 0; i < keep; i += 2) {
    const equal = f64x2.eq(v128.load(weights + (<usize>i << 3)), minimum);
    if (v128.any_true(equal)) return i64x2.extract_lane(equal, 0) != 0 ? i : i + 1;
  }
  return unreachable();
}

function moveLandmark(d: usize, keep: i32, factor: f64, t: f64): void {
  store<f64>(d, t, I_LANDMARK);
  store<f64>(d, load<f64>(d, I_TOTAL) * factor, I_TOTAL);
  const factors = f64x2.splat(factor);
  const weights = d + I_KEYS + (<usize>keep << 3);
  const errors = errorsOf(weights, keep);
  for (let p = weights; p < errors; p += 16) v128.store(p, f64x2.mul(v128.load(p), factors));
  for (let i = 0; i < keep; i++) {
    const p = errors + (<usize>i << 2);
    store<f32>(p, roundUp(<f64>load<f32>(p) * factor));
  }
}

/** An error is a bound: kept in f32, it must not come out too small. */
@inline function roundUp(error: f64): f32 {
  return <f32>(error * 1.0000002);
}

@inline function errorsOf(weights: usize, keep: i32): usize {
  return weights + (<usize>keep << 3);
}

/**
 * The share of `key` in the dimension's total, 0 when it is not kept. Decay cancels out. It looks at every slot: where
 * among them a candidate's key is cannot be foreseen, and a loop that ends there costs more than one that does not.
 */
export function share(d: usize, keep: i32, key: f64): f64 {
  const total = load<f64>(d, I_TOTAL);
  const wanted = f64x2.splat(key);
  const weights = <usize>keep << 3;
  let found = f64x2.splat(0);
  for (let p = d + I_KEYS, end = p + (<usize>load<i32>(d, I_USED) << 3); p < end; p += 16) {
    found = v128.or(found, v128.and(f64x2.eq(v128.load(p), wanted), v128.load(p + weights)));
  }
  const weight = f64x2.extract_lane(found, 0) + f64x2.extract_lane(found, 1);
  return total > 0 ? weight / total : 0;
}

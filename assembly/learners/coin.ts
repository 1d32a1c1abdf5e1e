// Coin betting (Orabona and Tommasi 2017), with the normalisation that Vowpal Wabbit gives it: no rate to tune, and
// features of any scale. It reads the raw vector; a missing feature bets nothing. The slope of the log loss is at
// most 1, so the Lipschitz constant of the paper is 1 throughout.
// Settings: α. Block: steps and the sum of norms f64, then Z, G, R, M.
import { sigmoid } from "../math/exp";
import { total } from "../math/simd";
import { PL_SETTINGS, PL_WIDTH } from "../layout";
import { answerLogit } from "./prediction";

const SUMS_BYTES: usize = 16;
const MOST_LOGIT: f64 = 50;
const LEAST_NORM: f64 = 1e-6;

/** Of the last score: the sum of squares of the vector in units of the largest seen, and the mean of such sums. */
let norm: f64 = 0;
let meanNorm: f64 = 1;

export function bytes(width: i32): i32 {
  return <i32>SUMS_BYTES + 4 * (width << 2);
}

@inline function present(x: v128): v128 {
  return v128.and(x, f32x4.eq(x, x));
}

/** Four bets: (α + R) / (M(M + G)) · Z, 0 while M is. */
@inline function bets(alpha: v128, z: v128, g: v128, r: v128, m: v128): v128 {
  const w = f32x4.mul(f32x4.div(f32x4.add(alpha, r), f32x4.mul(m, f32x4.add(m, g))), z);
  return v128.and(w, f32x4.gt(m, f32x4.splat(0)));
}

function score(l: usize, block: usize, x: usize): f64 {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const alpha = f32x4.splat(load<f32>(l, PL_SETTINGS));
  const rows = block + SUMS_BYTES;
  let sum = f32x4.splat(0);
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < row; i += 16) {
    const p = rows + i;
    const value = present(v128.load(x + i));
    const m = f32x4.pmax(v128.load(p + 3 * row), f32x4.abs(value));
    const w = bets(alpha, v128.load(p), v128.load(p + row), v128.load(p + 2 * row), m);
    sum = f32x4.add(sum, f32x4.mul(w, value));
    const unit = v128.and(f32x4.div(value, m), f32x4.gt(m, f32x4.splat(0)));
    squares = f32x4.add(squares, f32x4.mul(unit, unit));
  }
  norm = <f64>total(squares);
  meanNorm = (load<f64>(block, 8) + norm + LEAST_NORM) / (load<f64>(block) + 1);
  return min(max(<f64>total(sum) / meanNorm, -MOST_LOGIT), MOST_LOGIT);
}

export function predict(l: usize, block: usize, x: usize): void {
  answerLogit(score(l, block, x), 0);
}

export function learn(l: usize, block: usize, x: usize, y: f32): void {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const alpha = f32x4.splat(load<f32>(l, PL_SETTINGS));
  const slopes = f32x4.splat(<f32>(sigmoid(score(l, block, x)) - <f64>y));
  store<f64>(block, load<f64>(block) + 1);
  store<f64>(block, load<f64>(block, 8) + norm, 8);
  const rows = block + SUMS_BYTES;
  for (let i: usize = 0; i < row; i += 16) {
    const p = rows + i;
    const value = present(v128.load(x + i));
    const z = v128.load(p);
    const g = v128.load(p + row);
    const r = v128.load(p + 2 * row);
    const m = f32x4.pmax(v128.load(p + 3 * row), f32x4.abs(value));
    const gradient = f32x4.mul(slopes, value);
    const won = f32x4.mul(gradient, bets(alpha, z, g, r, m));
    v128.store(p, f32x4.sub(z, gradient));
    v128.store(p + row, f32x4.add(g, f32x4.abs(gradient)));
    v128.store(p + 2 * row, f32x4.sub(r, won));
    v128.store(p + 3 * row, m);
  }
}

/** Of the last vector scored: what feature `j` added to the log-odds. */
export function contribution(l: usize, block: usize, x: usize, j: i32): f32 {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const p = block + SUMS_BYTES + (<usize>j << 2);
  const value = present(f32x4.splat(load<f32>(x + (<usize>j << 2))));
  const m = f32x4.pmax(f32x4.splat(load<f32>(p + 3 * row)), f32x4.abs(value));
  const alpha = f32x4.splat(load<f32>(l, PL_SETTINGS));
  const w = bets(
    alpha, f32x4.splat(load<f32>(p)), f32x4.splat(load<f32>(p + row)), f32x4.splat(load<f32>(p + 2 * row)), m,
  );
  return <f32>(<f64>f32x4.extract_lane(f32x4.mul(w, value), 0) / meanNorm);
}

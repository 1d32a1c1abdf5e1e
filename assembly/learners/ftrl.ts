// FTRL-Proximal (McMahan et al., KDD 2013): a rate per feature, and weights that L1 holds at 0.
// Settings: α · β · L1 · L2. Block: a (the paper's z), n.
import { sigmoid } from "../math/exp";
import { total } from "../math/simd";
import { PL_SETTINGS, PL_WIDTH } from "../layout";
import { answerLogit } from "./prediction";

export function bytes(width: i32): i32 {
  return 2 * (width << 2);
}

/** Four weights from the sums `a` and `n`. */
@inline function weights(settings: usize, a: v128, n: v128): v128 {
  const l1 = f32x4.splat(load<f32>(settings, 8));
  const size = f32x4.pmax(f32x4.sub(f32x4.abs(a), l1), f32x4.splat(0));
  const rate = f32x4.div(
    f32x4.add(f32x4.splat(load<f32>(settings, 4)), f32x4.sqrt(n)),
    f32x4.splat(load<f32>(settings)),
  );
  const w = f32x4.div(size, f32x4.add(rate, f32x4.splat(load<f32>(settings, 12))));
  // The weight has the sign that `a` has not.
  return v128.bitselect(v128.not(a), w, f32x4.splat(-0.0));
}

/** The bias alone is not regularised. */
@inline function biasWeight(settings: usize, block: usize, row: usize): f32 {
  const rate = (load<f32>(settings, 4) + sqrt<f32>(load<f32>(block + row))) / load<f32>(settings);
  return -load<f32>(block) / rate;
}

function score(l: usize, block: usize, z: usize): f32 {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const settings = l + PL_SETTINGS;
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < row; i += 16) {
    let w = weights(settings, v128.load(block + i), v128.load(block + row + i));
    if (i == 0) w = f32x4.replace_lane(w, 0, biasWeight(settings, block, row));
    sum = f32x4.add(sum, f32x4.mul(w, v128.load(z + i)));
  }
  return total(sum);
}

export function predict(l: usize, block: usize, z: usize): void {
  answerLogit(<f64>score(l, block, z), 0);
}

export function learn(l: usize, block: usize, z: usize, y: f32): void {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const settings = l + PL_SETTINGS;
  const slopes = f32x4.splat(<f32>sigmoid(<f64>score(l, block, z)) - y);
  const alpha = f32x4.splat(load<f32>(settings));
  for (let i: usize = 0; i < row; i += 16) {
    const a = v128.load(block + i);
    const n = v128.load(block + row + i);
    let w = weights(settings, a, n);
    if (i == 0) w = f32x4.replace_lane(w, 0, biasWeight(settings, block, row));
    const gradient = f32x4.mul(slopes, v128.load(z + i));
    const more = f32x4.add(n, f32x4.mul(gradient, gradient));
    const sigma = f32x4.div(f32x4.sub(f32x4.sqrt(more), f32x4.sqrt(n)), alpha);
    v128.store(block + i, f32x4.add(a, f32x4.sub(gradient, f32x4.mul(sigma, w))));
    v128.store(block + row + i, more);
  }
}

export function weight(l: usize, block: usize, j: i32): f32 {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const settings = l + PL_SETTINGS;
  if (j == 0) return biasWeight(settings, block, row);
  const at = block + (<usize>j << 2);
  return f32x4.extract_lane(weights(settings, f32x4.splat(load<f32>(at)), f32x4.splat(load<f32>(at + row))), 0);
}

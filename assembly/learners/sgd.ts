// Logistic regression by stochastic gradient descent. Settings: rate · rate of the bias · L1 · L2. Block: w.
import { sigmoid } from "../math/exp";
import { dot } from "../math/simd";
import { PL_PRIOR, PL_SETTINGS, PL_WIDTH, PRIOR } from "../layout";
import { answerLogit } from "./prediction";

export function bytes(width: i32): i32 {
  return width << 2;
}

/** Begins with the prior's weights, if there are any. */
export function init(l: usize, block: usize): void {
  const prior = load<i32>(l, PL_PRIOR);
  if (prior >= 0) memory.copy(block, PRIOR + <usize>prior, <usize>load<i32>(l, PL_WIDTH) << 2);
}

export function predict(l: usize, block: usize, z: usize): void {
  answerLogit(<f64>dot(block, z, load<i32>(l, PL_WIDTH)), 0);
}

export function learn(l: usize, block: usize, z: usize, y: f32): void {
  const width = load<i32>(l, PL_WIDTH);
  const settings = l + PL_SETTINGS;
  const rate = load<f32>(settings);
  const slope = <f32>sigmoid(<f64>dot(block, z, width)) - y;
  const bias = load<f32>(block) - load<f32>(settings, 4) * slope;
  const slopes = f32x4.splat(slope);
  const rates = f32x4.splat(rate);
  const threshold = f32x4.splat(rate * load<f32>(settings, 8));
  const shrink = f32x4.splat(load<f32>(settings, 12));
  for (let i: usize = 0, end = <usize>width << 2; i < end; i += 16) {
    const w = v128.load(block + i);
    const gradient = f32x4.add(f32x4.mul(slopes, v128.load(z + i)), f32x4.mul(shrink, w));
    const moved = f32x4.sub(w, f32x4.mul(rates, gradient));
    // Soft threshold: L1 takes a weight to 0 and not past it.
    const size = f32x4.pmax(f32x4.sub(f32x4.abs(moved), threshold), f32x4.splat(0));
    v128.store(block + i, v128.bitselect(moved, size, f32x4.splat(-0.0)));
  }
  store<f32>(block, bias);
}

@inline export function weight(block: usize, j: i32): f32 {
  return load<f32>(block + (<usize>j << 2));
}

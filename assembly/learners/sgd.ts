// Logistic regression by stochastic gradient descent. Settings: rate · rate of the bias · L2. Block: w.
import { sigmoid } from "../math/exp";
import { dot } from "../math/simd";
import { answer } from "./prediction";

export const ROWS: i32 = 1;

export function predict(block: usize, z: usize, width: i32): void {
  answer(dot(block, z, width), 0);
}

export function learn(settings: usize, block: usize, z: usize, width: i32, y: f32): void {
  const rate = load<f32>(settings);
  const slope = <f32>sigmoid(<f64>dot(block, z, width)) - y;
  const bias = load<f32>(block) - load<f32>(settings, 4) * slope;
  const shrink = f32x4.splat(load<f32>(settings, 8));
  const slopes = f32x4.splat(slope);
  const rates = f32x4.splat(rate);
  for (let i: usize = 0, end = <usize>width << 2; i < end; i += 16) {
    const w = v128.load(block + i);
    const gradient = f32x4.add(f32x4.mul(slopes, v128.load(z + i)), f32x4.mul(shrink, w));
    v128.store(block + i, f32x4.sub(w, f32x4.mul(rates, gradient)));
  }
  store<f32>(block, bias);
}

@inline export function weight(block: usize, j: i32): f32 {
  return load<f32>(block + (<usize>j << 2));
}

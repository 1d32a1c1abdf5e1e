// Logistic regression by Adam with decoupled weight decay. Settings: those of `math/adam`. Block: powers, w, m, v.
import { initAdam, POWERS_BYTES, stepAdam } from "../math/adam";
import { sigmoid } from "../math/exp";
import { dot } from "../math/simd";
import { PL_PRIOR, PL_SETTINGS, PL_WIDTH, PRIOR } from "../layout";
import { answerLogit } from "./prediction";

const GRADIENT: usize = memory.data(512, 16);

export function bytes(width: i32): i32 {
  return POWERS_BYTES + 3 * (width << 2);
}

/** Begins with the prior's weights, if there are any. */
export function init(l: usize, block: usize): void {
  initAdam(block);
  const prior = load<i32>(l, PL_PRIOR);
  if (prior >= 0) memory.copy(block + POWERS_BYTES, PRIOR + <usize>prior, <usize>load<i32>(l, PL_WIDTH) << 2);
}

export function predict(l: usize, block: usize, z: usize): void {
  answerLogit(<f64>dot(block + POWERS_BYTES, z, load<i32>(l, PL_WIDTH)), 0);
}

export function learn(l: usize, block: usize, z: usize, y: f32): void {
  const width = load<i32>(l, PL_WIDTH);
  const row = <usize>width << 2;
  const w = block + POWERS_BYTES;
  const slopes = f32x4.splat(<f32>sigmoid(<f64>dot(w, z, width)) - y);
  for (let i: usize = 0; i < row; i += 16) v128.store(GRADIENT + i, f32x4.mul(slopes, v128.load(z + i)));
  stepAdam(l + PL_SETTINGS, block, w, w + row, w + 2 * row, GRADIENT, width);
}

@inline export function weight(block: usize, j: i32): f32 {
  return load<f32>(block + POWERS_BYTES + (<usize>j << 2));
}

// The user's own effect over the prior: Bayesian logistic regression by a diagonal extended Kalman filter, that
// forgets toward the prior. Settings: τ², the prior's variance · ε, how much is forgotten an example. Block: m, S.
//
// Forgetting by inflating S instead (λ) blows up here: directions that see no data grow without bound.
import { sigmoid } from "../math/exp";
import { dot, total } from "../math/simd";
import { answer } from "./prediction";

export const ROWS: i32 = 2;

/** Rounding must not make a variance 0 or less. */
const LEAST: f32 = 1e-9;

export function init(settings: usize, block: usize, width: i32): void {
  const row = <usize>width << 2;
  for (let i: usize = 0; i < row; i += 16) {
    v128.store(block + i, f32x4.splat(0));
    v128.store(block + row + i, f32x4.splat(load<f32>(settings)));
  }
}

export function predict(block: usize, prior: usize, z: usize, width: i32): void {
  const row = <usize>width << 2;
  let sum = f32x4.splat(0);
  let spread = f32x4.splat(0);
  for (let i: usize = 0; i < row; i += 16) {
    const x = v128.load(z + i);
    sum = f32x4.add(sum, f32x4.mul(f32x4.add(v128.load(block + i), v128.load(prior + i)), x));
    spread = f32x4.add(spread, f32x4.mul(v128.load(block + row + i), f32x4.mul(x, x)));
  }
  answer(total(sum), total(spread));
}

export function learn(settings: usize, block: usize, prior: usize, z: usize, width: i32, y: f32): void {
  const row = <usize>width << 2;
  const tau2 = load<f32>(settings);
  const kept: f32 = 1 - load<f32>(settings, 4);
  const tau2s = f32x4.splat(tau2);
  const keptTau2 = f32x4.splat(kept * tau2);
  const forgets = f32x4.splat(load<f32>(settings, 4));
  const keeps = f32x4.splat(kept);
  let sum = f32x4.splat(0);
  let spread = f32x4.splat(0);
  for (let i: usize = 0; i < row; i += 16) {
    // S' = S·τ²/((1-ε)τ² + εS), m' = S'(1-ε)m/S: precision and mean move toward the prior's by ε.
    const s = v128.load(block + row + i);
    const ratio = f32x4.div(tau2s, f32x4.add(keptTau2, f32x4.mul(forgets, s)));
    const forgotten = f32x4.mul(s, ratio);
    const mean = f32x4.mul(f32x4.mul(v128.load(block + i), ratio), keeps);
    v128.store(block + i, mean);
    v128.store(block + row + i, forgotten);
    const x = v128.load(z + i);
    sum = f32x4.add(sum, f32x4.mul(f32x4.add(mean, v128.load(prior + i)), x));
    spread = f32x4.add(spread, f32x4.mul(forgotten, f32x4.mul(x, x)));
  }
  const p = <f32>sigmoid(<f64>total(sum));
  const h = p * (1 - p);
  const gain: f32 = 1 / (1 + h * total(spread));
  const errors = f32x4.splat((y - p) * gain);
  const certainties = f32x4.splat(h * gain);
  const least = f32x4.splat(LEAST);
  for (let i: usize = 0; i < row; i += 16) {
    const s = v128.load(block + row + i);
    const sx = f32x4.mul(s, v128.load(z + i));
    v128.store(block + i, f32x4.add(v128.load(block + i), f32x4.mul(sx, errors)));
    const shrunk = f32x4.sub(s, f32x4.mul(certainties, f32x4.mul(sx, sx)));
    v128.store(block + row + i, f32x4.max(shrunk, least));
  }
}

@inline export function weight(block: usize, prior: usize, j: i32): f32 {
  return load<f32>(block + (<usize>j << 2)) + load<f32>(prior + (<usize>j << 2));
}

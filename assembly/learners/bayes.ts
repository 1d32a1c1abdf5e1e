// The user's own effect over the prior: Bayesian logistic regression by a diagonal extended Kalman filter, that
// forgets toward the prior. Settings: τ², the prior's variance · ε, how much is forgotten an example. Block: m, S.
//
// Forgetting by inflating S instead (λ) blows up here: directions that see no data grow without bound.
import { sigmoid } from "../math/exp";
import { normal } from "../math/random";
import { dot, total } from "../math/simd";
import { PL_PRIOR, PL_SETTINGS, PL_WIDTH, PRIOR } from "../layout";
import { answerLogit } from "./prediction";

/** Rounding must not make a variance 0 or less. */
const LEAST: f32 = 1e-9;
/** The prior's weights of a model that has none, and a draw from the posterior. */
const NO_WEIGHTS: usize = memory.data(512, 16);
const DRAWN: usize = memory.data(512, 16);

export function bytes(width: i32): i32 {
  return 2 * (width << 2);
}

export function init(l: usize, block: usize): void {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  for (let i: usize = 0; i < row; i += 16) v128.store(block + row + i, f32x4.splat(load<f32>(l, PL_SETTINGS)));
}

@inline function priorWeights(l: usize): usize {
  const prior = load<i32>(l, PL_PRIOR);
  return prior < 0 ? NO_WEIGHTS : PRIOR + <usize>prior;
}

export function predict(l: usize, block: usize, z: usize): void {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const prior = priorWeights(l);
  let sum = f32x4.splat(0);
  let spread = f32x4.splat(0);
  for (let i: usize = 0; i < row; i += 16) {
    const x = v128.load(z + i);
    sum = f32x4.add(sum, f32x4.mul(f32x4.add(v128.load(block + i), v128.load(prior + i)), x));
    spread = f32x4.add(spread, f32x4.mul(v128.load(block + row + i), f32x4.mul(x, x)));
  }
  answerLogit(<f64>total(sum), <f64>total(spread));
}

export function learn(l: usize, block: usize, z: usize, y: f32): void {
  const row = <usize>load<i32>(l, PL_WIDTH) << 2;
  const prior = priorWeights(l);
  const tau2 = load<f32>(l, PL_SETTINGS);
  const forget = load<f32>(l, PL_SETTINGS + 4);
  const kept: f32 = 1 - forget;
  const tau2s = f32x4.splat(tau2);
  const keptTau2 = f32x4.splat(kept * tau2);
  const forgets = f32x4.splat(forget);
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
    v128.store(block + row + i, f32x4.pmax(shrunk, least));
  }
}

@inline export function weight(l: usize, block: usize, j: i32): f32 {
  return load<f32>(block + (<usize>j << 2)) + load<f32>(priorWeights(l) + (<usize>j << 2));
}

/** Draws a weight vector from the posterior, for `drawnLogit`; `seed` is where the random numbers come from. */
export function draw(l: usize, block: usize, seed: usize): void {
  const width = load<i32>(l, PL_WIDTH);
  for (let j = 0; j < width; j++) {
    const variance = load<f32>(block + (<usize>(width + j) << 2));
    const w = <f64>weight(l, block, j) + sqrt(<f64>variance) * normal(seed);
    store<f32>(DRAWN + (<usize>j << 2), <f32>w);
  }
}

/** The log-odds of `z` under the drawn weights. */
export function drawnLogit(l: usize, z: usize): f32 {
  return dot(DRAWN, z, load<i32>(l, PL_WIDTH));
}

// A network of one hidden layer: d → h ReLU → 1, for boundaries that are no line. Settings: those of `math/adam`, then
// the share of hidden units that drop out of a step. Block: powers, the seed's state u32, then as one vector the
// rows W_h, u, c, and their two moments.
import { initAdam, POWERS_BYTES, stepAdam } from "../math/adam";
import { sigmoid } from "../math/exp";
import { uniform } from "../math/random";
import { dot } from "../math/simd";
import { MOST_FEATURES, MOST_HIDDEN, PL_FEATURES, PL_SEED, PL_SETTINGS, PL_SIZE, PL_WIDTH } from "../layout";
import { answerLogit } from "./prediction";

const HEAD_BYTES: usize = 32;
const SEED: usize = <usize>POWERS_BYTES;
const DROPOUT: usize = 20;

/** The hidden units' outputs, and what dropout multiplied them with. */
const OUT: usize = memory.data(128, 16);
const MASK: usize = memory.data(128, 16);
const GRADIENT: usize = memory.data(16656, 16);

/** Parameters, each part padded to whole vectors. */
@inline function count(width: i32, hidden: i32): i32 {
  return hidden * width + padded(hidden) + 4;
}

@inline function padded(hidden: i32): i32 {
  return (hidden + 3) & ~3;
}

export function bytes(width: i32, hidden: i32): i32 {
  return <i32>HEAD_BYTES + 3 * (count(width, hidden) << 2);
}

/** He's uniform weights into the hidden layer; small ones out of it, so that it begins near the base rate. */
export function init(l: usize, block: usize): void {
  const width = load<i32>(l, PL_WIDTH);
  const hidden = load<i32>(l, PL_SIZE);
  const features = load<i32>(l, PL_FEATURES);
  initAdam(block);
  const seed = block + SEED;
  store<u32>(seed, load<u32>(l, PL_SEED));
  const into = sqrt(6 / <f64>(features - 1));
  const out = sqrt(1 / <f64>hidden);
  let w = block + HEAD_BYTES;
  for (let h = 0; h < hidden; h++, w += <usize>width << 2) {
    for (let j = 1; j < features; j++) store<f32>(w + (<usize>j << 2), <f32>((2 * uniform(seed) - 1) * into));
  }
  for (let h = 0; h < hidden; h++) store<f32>(w + (<usize>h << 2), <f32>((2 * uniform(seed) - 1) * out));
}

/** Runs `z` through the network; OUT keeps the hidden layer. */
function forward(l: usize, block: usize, z: usize, dropping: bool): f32 {
  const width = load<i32>(l, PL_WIDTH);
  const hidden = load<i32>(l, PL_SIZE);
  const dropout = load<f32>(l + PL_SETTINGS, DROPOUT);
  let w = block + HEAD_BYTES;
  for (let h = 0; h < hidden; h++, w += <usize>width << 2) {
    const at = <usize>h << 2;
    let mask: f32 = 1;
    if (dropping && dropout > 0) mask = uniform(block + SEED) < <f64>dropout ? 0 : 1 / (1 - dropout);
    store<f32>(MASK + at, mask);
    store<f32>(OUT + at, max(dot(w, z, width), 0) * mask);
  }
  for (let h = hidden; h < padded(hidden); h++) store<f32>(OUT + (<usize>h << 2), 0);
  return dot(w, OUT, padded(hidden)) + load<f32>(w + (<usize>padded(hidden) << 2));
}

export function predict(l: usize, block: usize, z: usize): void {
  answerLogit(<f64>forward(l, block, z, false), 0);
}

export function learn(l: usize, block: usize, z: usize, y: f32): void {
  const width = load<i32>(l, PL_WIDTH);
  const hidden = load<i32>(l, PL_SIZE);
  const row = <usize>width << 2;
  const slope = <f32>sigmoid(<f64>forward(l, block, z, true)) - y;
  const u = block + HEAD_BYTES + <usize>hidden * row;
  let g = GRADIENT;
  for (let h = 0; h < hidden; h++, g += row) {
    const at = <usize>h << 2;
    const active = load<f32>(OUT + at) > 0;
    const back = f32x4.splat(active ? slope * load<f32>(u + at) * load<f32>(MASK + at) : 0);
    for (let i: usize = 0; i < row; i += 16) v128.store(g + i, f32x4.mul(back, v128.load(z + i)));
  }
  const layer = <usize>padded(hidden) << 2;
  for (let i: usize = 0; i < layer; i += 16) {
    v128.store(g + i, f32x4.mul(f32x4.splat(slope), v128.load(OUT + i)));
  }
  v128.store(g + layer, f32x4.replace_lane(f32x4.splat(0), 0, slope));
  const n = count(width, hidden);
  const w = block + HEAD_BYTES;
  const moment = <usize>n << 2;
  stepAdam(l + PL_SETTINGS, block, w, w + moment, w + 2 * moment, GRADIENT, n);
}

/**
 * The slope of the last log-odds in feature `j`. The network is linear where its units stay on one side, so the
 * slopes times the features add up to the log-odds; the bias has the constant of the output as well.
 */
export function weight(l: usize, block: usize, j: i32): f32 {
  const width = load<i32>(l, PL_WIDTH);
  const hidden = load<i32>(l, PL_SIZE);
  const u = block + HEAD_BYTES + (<usize>(hidden * width) << 2);
  let sum: f32 = j == 0 ? load<f32>(u + (<usize>padded(hidden) << 2)) : 0;
  for (let h = 0; h < hidden; h++) {
    const at = <usize>h << 2;
    if (load<f32>(OUT + at) > 0) sum += load<f32>(u + at) * load<f32>(block + HEAD_BYTES + (<usize>(h * width + j) << 2));
  }
  return sum;
}

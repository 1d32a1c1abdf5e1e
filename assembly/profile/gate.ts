// The outlier gate of a number: what does not fit is drawn in and counted, never dropped; a row of values on one
// side is a new level, and the gate opens.
import {
  G_COUNT, G_HELD, G_MEAN, G_NEXT, G_RING, G_VARIANCE, G_ZSCORE_BYTES, GATE_HAMPEL, GATE_NONE, N_CLIPPED, N_GATE, N_ROW, PN_GATE,
  PN_GATE_RATE, PN_REOPEN, PN_RING, PN_THRESHOLD,
} from "../layout";

/** Values before a z-score means anything, and before a median does. */
const WARM: f64 = 10;
const LEAST_HELD: i32 = 5;
/** Median absolute deviation of a normal distribution to its standard deviation (Hampel 1974). */
const MAD: f64 = 1.4826;

/** A sorted copy of a ring. */
const SORTED: usize = memory.data(200, 16);

/** The value that passes for `x` at the gate of the number whose params are at `p` and state at `n`. */
export function pass(p: usize, n: usize, x: f64): f64 {
  const kind = load<i32>(p, PN_GATE);
  if (kind == GATE_NONE) return x;
  const gate = n + N_GATE;
  let centre: f64;
  let deviation: f64 = 0;
  if (kind == GATE_HAMPEL) {
    centre = 0;
    const held = load<i32>(gate, G_HELD);
    if (held >= LEAST_HELD) {
      centre = median(gate + G_RING, held, 0, false);
      deviation = MAD * median(gate + G_RING, held, centre, true);
    }
  } else {
    centre = load<f64>(gate, G_MEAN);
    if (load<f64>(gate, G_COUNT) >= WARM) deviation = sqrt(load<f64>(gate, G_VARIANCE));
  }
  const reach = load<f64>(p, PN_THRESHOLD) * deviation;
  let passed = x;
  if (deviation > 0 && abs(x - centre) > reach) {
    const row = load<i32>(n, N_ROW);
    const grown = x > centre ? max(row, 0) + 1 : min(row, 0) - 1;
    if (abs(grown) >= load<i32>(p, PN_REOPEN)) {
      // Not outliers but a new level: begin again from it.
      store<i32>(n, 0, N_ROW);
      memory.fill(gate, 0, kind == GATE_HAMPEL ? G_RING : G_ZSCORE_BYTES);
    } else {
      store<i32>(n, grown, N_ROW);
      store<i32>(n, load<i32>(n, N_CLIPPED) + 1, N_CLIPPED);
      passed = x > centre ? centre + reach : centre - reach;
    }
  } else store<i32>(n, 0, N_ROW);
  if (kind == GATE_HAMPEL) hold(gate, load<i32>(p, PN_RING), passed);
  else follow(gate, load<f64>(p, PN_GATE_RATE), passed);
  return passed;
}

/** Exponentially weighted mean and variance (West 1979), plain ones until 1/n falls below the rate. */
@inline function follow(gate: usize, rate: f64, x: f64): void {
  const n = load<f64>(gate, G_COUNT) + 1;
  const a = max(1 / n, rate);
  const delta = x - load<f64>(gate, G_MEAN);
  store<f64>(gate, n, G_COUNT);
  store<f64>(gate, load<f64>(gate, G_MEAN) + a * delta, G_MEAN);
  store<f64>(gate, (1 - a) * (load<f64>(gate, G_VARIANCE) + a * delta * delta), G_VARIANCE);
}

@inline function hold(gate: usize, most: i32, x: f64): void {
  const next = load<i32>(gate, G_NEXT);
  store<f64>(gate + G_RING + (<usize>next << 3), x);
  store<i32>(gate, next + 1 == most ? 0 : next + 1, G_NEXT);
  const held = load<i32>(gate, G_HELD);
  if (held < most) store<i32>(gate, held + 1, G_HELD);
}

/** The median of `n` values, or of their distances from `centre`. */
function median(values: usize, n: i32, centre: f64, distances: bool): f64 {
  for (let i = 0; i < n; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    const x = distances ? abs(value - centre) : value;
    let j = <usize>i << 3;
    while (j > 0 && load<f64>(SORTED + j - 8) > x) {
      store<f64>(SORTED + j, load<f64>(SORTED + j - 8));
      j -= 8;
    }
    store<f64>(SORTED + j, x);
  }
  const upper = load<f64>(SORTED + (<usize>(n >> 1) << 3));
  return (n & 1) == 1 ? upper : (upper + load<f64>(SORTED + (<usize>((n >> 1) - 1) << 3))) / 2;
}

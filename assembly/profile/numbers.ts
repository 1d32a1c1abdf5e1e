// Running statistics of one number.
import { exp, log1p } from "../math/exp";
import { pass } from "./gate";
import {
  N_COUNT, N_HEIGHTS, N_LAST, N_M2, N_MAX, N_MEAN, N_MIN, N_POSITIONS, N_SUM, N_TIME, N_WEIGHT,
  PN_LOG, PN_RATE,
} from "../layout";

/** Takes the value `x` of time `t` into the number whose params are at `p` and state at `n`. */
export function addNumber(p: usize, n: usize, x: f64, t: f64): void {
  const count = load<f64>(n, N_COUNT) + 1;
  const rate = load<f64>(p, PN_RATE);
  const scaled = load<i32>(p, PN_LOG) != 0 ? copysign(log1p(abs(x)), x) : x;
  const u = pass(p, n, scaled);
  // Welford's mean and deviations, the past decayed by the time since it was last touched.
  const kept: f64 = rate > 0 && count > 1 ? exp(rate * (load<f64>(n, N_TIME) - t)) : 1;
  const weight = kept * load<f64>(n, N_WEIGHT) + 1;
  const delta = u - load<f64>(n, N_MEAN);
  const mean = load<f64>(n, N_MEAN) + delta / weight;
  store<f64>(n, count, N_COUNT);
  store<f64>(n, load<f64>(n, N_SUM) + x, N_SUM);
  store<f64>(n, weight, N_WEIGHT);
  store<f64>(n, mean, N_MEAN);
  store<f64>(n, kept * load<f64>(n, N_M2) + delta * (u - mean), N_M2);
  if (count == 1 || x < load<f64>(n, N_MIN)) store<f64>(n, x, N_MIN);
  if (count == 1 || x > load<f64>(n, N_MAX)) store<f64>(n, x, N_MAX);
  store<f64>(n, x, N_LAST);
  store<f64>(n, t, N_TIME);
  addMedian(n, u, count);
}

/** P² with p = 0.5 (Jain and Chlamtac, CACM 28(10), 1985): five markers whose middle one follows the median. */
function addMedian(n: usize, x: f64, count: f64): void {
  const q = n + N_HEIGHTS;
  const at = n + N_POSITIONS;
  if (count <= 5) {
    // The first five are kept sorted, so the median of few values is exact.
    let i = <usize>count - 1;
    while (i > 0 && load<f64>(q + ((i - 1) << 3)) > x) {
      store<f64>(q + (i << 3), load<f64>(q + ((i - 1) << 3)));
      i--;
    }
    store<f64>(q + (i << 3), x);
    store<f64>(at + ((<usize>count - 1) << 3), count);
    return;
  }
  let cell: i32 = 3;
  if (x < load<f64>(q)) {
    store<f64>(q, x);
    cell = 0;
  } else if (x < load<f64>(q, 8)) cell = 0;
  else if (x < load<f64>(q, 16)) cell = 1;
  else if (x < load<f64>(q, 24)) cell = 2;
  else if (x > load<f64>(q, 32)) store<f64>(q, x, 32);
  for (let i = cell + 1; i < 5; i++) {
    const p = at + (<usize>i << 3);
    store<f64>(p, load<f64>(p) + 1);
  }
  for (let i = 1; i < 4; i++) {
    const p = at + (<usize>i << 3);
    const h = q + (<usize>i << 3);
    const here = load<f64>(p);
    const off = 1 + (count - 1) * 0.25 * <f64>i - here;
    const above = load<f64>(p, 8) - here;
    const below = here - load<f64>(p - 8);
    if (off >= 1 && above > 1) moveMarker(p, h, here, above, below, 1);
    else if (off <= -1 && below > 1) moveMarker(p, h, here, above, below, -1);
  }
}

/** Moves a marker one position: along the parabola through its neighbours where that keeps their order, else the line. */
function moveMarker(p: usize, h: usize, here: f64, above: f64, below: f64, step: f64): void {
  const low = load<f64>(h - 8);
  const mid = load<f64>(h);
  const high = load<f64>(h, 8);
  const up = (high - mid) / above;
  const down = (mid - low) / below;
  let moved = mid + (step / (above + below)) * ((below + step) * up + (above - step) * down);
  if (!(low < moved && moved < high)) moved = step > 0 ? mid + up : mid - down;
  store<f64>(h, moved);
  store<f64>(p, here + step);
}

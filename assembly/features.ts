// A model's feature vector: the definition's feature program over a record and the state, then standardised. The
// same code serves fold and rank, so what a model is asked cannot differ from what it learned.
import { cosTurn, log1p, log1ps, sinTurn } from "./math/exp";
import { share } from "./profile/interests";
import { countInWindow } from "./profile/windows";
import {
  OP_AFFINITY, OP_CATEGORY, OP_COUNT, OP_HOUR, OP_NUMBER, OP_NUMBER_LOG, OP_RECENCY, P_BUCKET_BYTES,
  P_DIMENSIONS_AT, P_RECORD_BYTES, P_RECORD_INPUTS, P_RECORD_KEYS, P_WINDOWS_AT, PARAMS, PD_BYTES, PD_KEEP, PD_STATE, PM_OPS,
  PM_OPS_AT, PM_WIDTH, PO_BYTES, PO_KIND, PO_NAME, PO_SLOT, PO_SOURCE, PO_WIDTH, PW_BUCKET_MS, PW_BYTES, PW_STATE,
  R_TIME, RAW, S_LASTS, STATE,
} from "./layout";

/** The standardised vector: what learners see. RAW beside it is as the event has it, NaN where missing. */
export const Z: usize = memory.data(512, 16);

/** What standardising subtracts and multiplies by. */
const MEANS: usize = memory.data(512, 16);
const INVERSES: usize = memory.data(512, 16);

const LARGEST: f32 = 1e15;
const SMALLEST: f32 = 1e-15;
const LARGEST_Z: f32 = 1e6;
/** A deviation below 1e-5 of the mean is within what f32 loses: such a feature is constant. */
const NOISE: f32 = 1e-10;
const HOUR_MS: f64 = 3600000;
const DAY_MS: f64 = 86400000;
const MISSING: f32 = f32.NaN;

/**
 * Writes the raw vectors of the model at params `m` for `count` records of one time from `r`, MOST_ROWS at most, one
 * after the other from RAW; the bias is 1. When they are not the first of that time, what features say of the user
 * alone stays as it was.
 *
 * A step of the program is done for all records before the next: a vector that was only just written number by number
 * cannot be read four at a time without waiting for the memory.
 */
export function extract(m: usize, r: usize, count: i32, isFirst: bool): void {
  const row = <usize>load<i32>(m, PM_WIDTH) << 2;
  const end = <usize>count * row;
  if (isFirst) {
    const missing = f32x4.splat(MISSING);
    for (let i: usize = 0; i < end; i += 16) v128.store(RAW + i, missing);
    for (let i: usize = 0; i < end; i += row) store<f32>(RAW + i, 1);
  }
  let op = PARAMS + load<i32>(m, PM_OPS_AT);
  for (let i = load<i32>(m, PM_OPS); i > 0; i--, op += PO_BYTES) {
    const kind = load<i32>(op, PO_KIND);
    if (kind < OP_COUNT) ofEvents(kind, op, r, row, end);
    else if (isFirst) ofUser(kind, op, load<f64>(r, R_TIME), row, end);
  }
}

/** What records say, `row` bytes apart up to `end`. It is written in any case, NaN where it is missing. */
@inline function ofEvents(kind: i32, op: usize, r: usize, row: usize, end: usize): void {
  const slot = RAW + (<usize>load<i32>(op, PO_SLOT) << 2);
  const source = <usize>load<i32>(op, PO_SOURCE);
  const stride = <usize>load<i32>(PARAMS, P_RECORD_BYTES);
  const width = load<u32>(op, PO_WIDTH);
  let input = r + load<i32>(PARAMS, P_RECORD_INPUTS) + (source << 2);
  switch (kind) {
    case OP_NUMBER:
      for (let i: usize = 0; i < end; i += row, input += stride) numbers(slot + i, input, width);
      break;
    case OP_NUMBER_LOG:
      for (let i: usize = 0; i < end; i += row << 1, input += stride << 1) {
        // The last of an odd number goes with itself.
        const isLast = i + row >= end;
        const x = v128.load_lane<f32>(isLast ? input : input + stride, v128.load_splat<f32>(input), 1);
        const logs = f32x4.demote_f64x2_zero(log1ps(f64x2.promote_low_f32x4(f32x4.abs(x))));
        const u = bounded(v128.bitselect(x, logs, f32x4.splat(-0.0)));
        v128.store_lane<f32>(slot + i, u, 0);
        if (!isLast) v128.store_lane<f32>(slot + i + row, u, 1);
      }
      break;
    case OP_CATEGORY:
      for (let i: usize = 0; i < end; i += row, input += stride) category(slot + i, load<u32>(input), width);
      break;
    case OP_AFFINITY: {
      input = r + load<i32>(PARAMS, P_RECORD_KEYS) + (source << 3);
      const d = PARAMS + load<i32>(PARAMS, P_DIMENSIONS_AT) + source * PD_BYTES;
      const dimension = STATE + load<i32>(d, PD_STATE);
      const keep = load<i32>(d, PD_KEEP);
      for (let i: usize = 0; i < end; i += row, input += stride) {
        const key = load<f64>(input);
        if (key == 0) store<f32>(slot + i, MISSING);
        else put(slot + i, <f32>share(dimension, keep, key));
      }
      break;
    }
  }
}

/** Numbers that lie side by side. */
@inline function numbers(slot: usize, input: usize, count: i32): void {
  const end = slot + (<usize>count << 2);
  for (; slot + 16 <= end; slot += 16, input += 16) v128.store(slot, bounded(v128.load(input)));
  for (; slot < end; slot += 4, input += 4) put(slot, load<f32>(input));
}

@inline function category(slot: usize, hash: u32, width: u32): void {
  const rest: f32 = hash == 0 ? MISSING : 0;
  for (let j: u32 = 0; j < width; j++) store<f32>(slot + (<usize>j << 2), rest);
  if (hash != 0) store<f32>(slot + (<usize>(hash % width) << 2), 1);
}

/** Features that say something of the user and the time, and nothing of the event. */
function ofUser(kind: i32, op: usize, t: f64, row: usize, end: usize): void {
  const slot = RAW + (<usize>load<i32>(op, PO_SLOT) << 2);
  const source = <usize>load<i32>(op, PO_SOURCE);
  const name = load<i32>(op, PO_NAME);
  switch (kind) {
    case OP_COUNT: {
      const w = PARAMS + load<i32>(PARAMS, P_WINDOWS_AT) + source * PW_BYTES;
      const bucketMs = load<f64>(w, PW_BUCKET_MS);
      const bytes = load<i32>(PARAMS, P_BUCKET_BYTES);
      store<f32>(slot, <f32>log1p(<f64>countInWindow(STATE + load<i32>(w, PW_STATE), bucketMs, bytes, name, t)));
      break;
    }
    case OP_RECENCY: {
      const last = load<f64>(STATE + S_LASTS + (<usize>name << 3));
      // The question may be about a time before the newest event: then nothing has passed since.
      if (last >= 0) store<f32>(slot, <f32>log1p(max(t - last, 0) / HOUR_MS));
      break;
    }
    case OP_HOUR: {
      const turn = t / DAY_MS - floor(t / DAY_MS);
      store<f32>(slot, <f32>sinTurn(turn));
      store<f32>(slot, <f32>cosTurn(turn), 4);
      break;
    }
  }
  const bytes = <usize>load<i32>(op, PO_WIDTH) << 2;
  for (let i = row; i < end; i += row) memory.copy(slot + i, slot, bytes);
}

/**
 * Four values within bounds, so that no square of them over- or underflows; NaN stays as it is. `pmin` and `pmax` are
 * one instruction each where `min` and `max` are nine, and choose bits where those make a NaN of the machine's own.
 */
@inline function bounded(x: v128): v128 {
  const most = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-LARGEST)), f32x4.splat(LARGEST));
  return v128.andnot(most, f32x4.lt(f32x4.abs(x), f32x4.splat(SMALLEST)));
}

@inline function put(slot: usize, x: f32): void {
  v128.store_lane<f32>(slot, bounded(f32x4.splat(x)), 0);
}

/** Brings a raw vector from outside within the bounds that `extract` keeps; the bias is 1. */
export function bound(width: i32): void {
  for (let p = RAW, end = RAW + (<usize>width << 2); p < end; p += 16) v128.store(p, bounded(v128.load(p)));
  store<f32>(RAW, 1);
}

/** Makes ready to standardise by rows of means and variances: what each feature is multiplied by. */
export function prepare(means: usize, variances: usize, width: i32): void {
  for (let i: usize = 0, row = <usize>width << 2; i < row; i += 16) {
    const mean = v128.load(means + i);
    const variance = v128.load(variances + i);
    const noise = f32x4.mul(f32x4.mul(mean, mean), f32x4.splat(NOISE));
    const inverse = f32x4.div(f32x4.splat(1), f32x4.sqrt(variance));
    v128.store(MEANS + i, mean);
    v128.store(INVERSES + i, v128.and(inverse, f32x4.gt(variance, noise)));
  }
}

/** Standardises the raw vector at `raw` into Z as was made ready: missing and constant features become 0. */
export function standardise(raw: usize, width: i32): void {
  const most = f32x4.splat(LARGEST_Z);
  const least = f32x4.splat(-LARGEST_Z);
  for (let i: usize = 0, row = <usize>width << 2; i < row; i += 16) {
    const x = v128.load(raw + i);
    const z = f32x4.mul(f32x4.sub(x, v128.load(MEANS + i)), v128.load(INVERSES + i));
    v128.store(Z + i, v128.and(f32x4.pmin(f32x4.pmax(z, least), most), f32x4.eq(x, x)));
  }
  store<f32>(Z, 1);
}

/** Takes the raw vector into the statistics at `s`: n, mean, variance (Welford, population variance). */
export function observe(s: usize, width: i32): void {
  const row = <usize>width << 2;
  for (let i: usize = 0; i < row; i += 16) {
    const p = s + i;
    const x = v128.load(RAW + i);
    const present = f32x4.eq(x, x);
    const n = f32x4.add(v128.load(p), f32x4.splat(1));
    const mean = v128.load(p + row);
    const variance = v128.load(p + 2 * row);
    const delta = f32x4.sub(x, mean);
    const moved = f32x4.add(mean, f32x4.div(delta, n));
    const spread = f32x4.div(f32x4.sub(f32x4.mul(delta, f32x4.sub(x, moved)), variance), n);
    v128.store(p, v128.bitselect(n, v128.load(p), present));
    v128.store(p + row, v128.bitselect(moved, mean, present));
    v128.store(p + 2 * row, v128.bitselect(f32x4.add(variance, spread), variance, present));
  }
}


// A model's feature vector: the definition's feature program over a record and the state, then standardised. The
// same code serves fold and rank, so what a model is asked cannot differ from what it learned.
import { cosTurn, log1p, sinTurn } from "./math/exp";
import { share } from "./profile/interests";
import { countInWindow } from "./profile/windows";
import {
  OP_AFFINITY, OP_CATEGORY, OP_COUNT, OP_HOUR, OP_NUMBER, OP_NUMBER_LOG, OP_RECENCY, P_BUCKET_BYTES,
  P_DIMENSIONS_AT, P_RECORD_INPUTS, P_RECORD_KEYS, P_WINDOWS_AT, PARAMS, PD_BYTES, PD_KEEP, PD_STATE, PM_OPS,
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

/** Writes the raw vector of the model at params `m` for the record at `r`; the bias is 1. */
export function extract(m: usize, r: usize): void {
  const missing = f32x4.splat(MISSING);
  for (let p = RAW, end = RAW + (<usize>load<i32>(m, PM_WIDTH) << 2); p < end; p += 16) v128.store(p, missing);
  store<f32>(RAW, 1);
  let op = PARAMS + load<i32>(m, PM_OPS_AT);
  for (let i = load<i32>(m, PM_OPS); i > 0; i--, op += PO_BYTES) run(op, r);
}

/** The same for another record of the same time: what features say of the user alone stays as it was. */
export function extractNext(m: usize, r: usize): void {
  let op = PARAMS + load<i32>(m, PM_OPS_AT);
  for (let i = load<i32>(m, PM_OPS); i > 0; i--, op += PO_BYTES) {
    if (load<i32>(op, PO_KIND) < OP_COUNT) run(op, r);
  }
}

/** One step of the program. What it reads of the event it writes in any case, NaN where it is missing. */
@inline function run(op: usize, r: usize): void {
  const slot = RAW + (<usize>load<i32>(op, PO_SLOT) << 2);
  const source = <usize>load<i32>(op, PO_SOURCE);
  switch (load<i32>(op, PO_KIND)) {
    case OP_NUMBER:
      return numbers(slot, r + load<i32>(PARAMS, P_RECORD_INPUTS) + (source << 2), load<i32>(op, PO_WIDTH));
    case OP_NUMBER_LOG: {
      const x = load<f32>(r + load<i32>(PARAMS, P_RECORD_INPUTS) + (source << 2));
      return put(slot, <f32>copysign(log1p(<f64>abs(x)), <f64>x));
    }
    case OP_CATEGORY:
      return category(slot, load<u32>(r + load<i32>(PARAMS, P_RECORD_INPUTS) + (source << 2)), load<u32>(op, PO_WIDTH));
    case OP_AFFINITY: {
      const key = load<f64>(r + load<i32>(PARAMS, P_RECORD_KEYS) + (source << 3));
      if (key == 0) {
        store<f32>(slot, MISSING);
        return;
      }
      const d = PARAMS + load<i32>(PARAMS, P_DIMENSIONS_AT) + source * PD_BYTES;
      return put(slot, <f32>share(STATE + load<i32>(d, PD_STATE), load<i32>(d, PD_KEEP), key));
    }
  }
  ofUser(load<i32>(op, PO_KIND), slot, source, load<i32>(op, PO_NAME), load<f64>(r, R_TIME));
}

/** Numbers that lie side by side. */
function numbers(slot: usize, input: usize, count: i32): void {
  const end = slot + (<usize>count << 2);
  const most = f32x4.splat(LARGEST);
  const least = f32x4.splat(-LARGEST);
  const small = f32x4.splat(SMALLEST);
  for (; slot + 16 <= end; slot += 16, input += 16) {
    const x = v128.load(input);
    const bounded = f32x4.min(f32x4.max(x, least), most);
    v128.store(slot, v128.andnot(bounded, f32x4.lt(f32x4.abs(x), small)));
  }
  for (; slot < end; slot += 4, input += 4) put(slot, load<f32>(input));
}

@inline function category(slot: usize, hash: u32, width: u32): void {
  const rest: f32 = hash == 0 ? MISSING : 0;
  for (let j: u32 = 0; j < width; j++) store<f32>(slot + (<usize>j << 2), rest);
  if (hash != 0) store<f32>(slot + (<usize>(hash % width) << 2), 1);
}

/** Features that say something of the user and the time, and nothing of the event. */
function ofUser(kind: i32, slot: usize, source: usize, name: i32, t: f64): void {
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
}

/** Stores a value within bounds, so that no square of it over- or underflows; NaN stays missing. */
@inline function put(slot: usize, x: f32): void {
  store<f32>(slot, abs(x) < SMALLEST ? 0 : min(max(x, -LARGEST), LARGEST));
}

/** Brings a raw vector from outside within the bounds that `extract` keeps; the bias is 1. */
export function bound(width: i32): void {
  for (let p = RAW, end = RAW + (<usize>width << 2); p < end; p += 4) put(p, load<f32>(p));
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

/** Standardises the raw vector into Z as was made ready: missing and constant features become 0. */
export function standardise(width: i32): void {
  const most = f32x4.splat(LARGEST_Z);
  const least = f32x4.splat(-LARGEST_Z);
  for (let i: usize = 0, row = <usize>width << 2; i < row; i += 16) {
    const x = v128.load(RAW + i);
    const z = f32x4.mul(f32x4.sub(x, v128.load(MEANS + i)), v128.load(INVERSES + i));
    v128.store(Z + i, v128.and(f32x4.min(f32x4.max(z, least), most), f32x4.eq(x, x)));
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


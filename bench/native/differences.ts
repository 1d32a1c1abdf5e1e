import type { Layout } from "../../src/kernel/layout.ts";

/** Two states of the same definition, whose params say where everything is. */
export interface States {
  layout: Layout;
  params: Uint8Array;
  expected: Uint8Array;
  found: Uint8Array;
}

/** How far a figure may be off, relative to its size or 1. */
const EXACT = 0;
/** Of what is kept in f64: exp and log differ in their last bits. */
const DOUBLE = 1e-9;
/** Of the bounds of interests, kept in f32. */
const SINGLE = 1e-6;
/** Of what models learned in f32, where sums are taken in another order. */
const LEARNED = 1e-4;

/** Where two states differ by more than rounding explains. */
export function differences(states: States): string[] {
  const { layout, params } = states;
  const check = new Check(states);
  const param = new DataView(params.buffer, params.byteOffset, params.byteLength);
  const int = (at: number) => param.getInt32(at, true);
  const rows = (count: number, at: number, bytes: number) =>
    Array.from({ length: int(count) }, (_, i) => int(at) + i * bytes);

  for (const offset of [layout.S_EVENTS, layout.S_FIRST, layout.S_LAST]) check.double("head", offset, EXACT);
  check.doubles("last times", layout.S_LASTS, int(layout.P_NAMES), EXACT);
  for (const n of rows(layout.P_NUMBERS, layout.P_NUMBERS_AT, layout.PN_BYTES)) {
    const gate = int(n + layout.PN_GATE);
    if (gate === layout.GATE_HAMPEL) throw new Error("a Hampel gate is not compared");
    compareNumber(check, layout, int(n + layout.PN_STATE), gate === layout.GATE_ZSCORE);
  }
  for (const d of rows(layout.P_DIMENSIONS, layout.P_DIMENSIONS_AT, layout.PD_BYTES)) {
    compareInterests(check, layout, int(d + layout.PD_STATE), int(d + layout.PD_KEEP));
  }
  for (const w of rows(layout.P_WINDOWS, layout.P_WINDOWS_AT, layout.PW_BYTES)) {
    compareWindow(check, layout, int(w + layout.PW_STATE), int(layout.P_BUCKET_BYTES), int(layout.P_NAMES));
  }
  for (const m of rows(layout.P_MODELS, layout.P_MODELS_AT, layout.PM_BYTES)) {
    const width = int(m + layout.PM_WIDTH);
    compareModel(check, layout, int(m + layout.PM_STATE), width);
    check.floats("learner", int(int(m + layout.PM_LEARNER) + layout.PL_STATE), 2 * width, LEARNED);
    comparePending(check, layout, int(m + layout.PM_PENDING_STATE), int(m + layout.PM_PENDING), width);
  }
  return check.wrong;
}

function compareNumber(check: Check, layout: Layout, n: number, gated: boolean): void {
  check.double("number count", n + layout.N_COUNT, EXACT);
  for (const offset of [layout.N_SUM, layout.N_WEIGHT, layout.N_MEAN, layout.N_M2]) {
    check.double("number statistics", n + offset, DOUBLE);
  }
  for (const offset of [layout.N_MIN, layout.N_MAX, layout.N_LAST, layout.N_TIME]) {
    check.double("number bounds", n + offset, EXACT);
  }
  check.doubles("median heights", n + layout.N_HEIGHTS, 5, DOUBLE);
  check.doubles("median positions", n + layout.N_POSITIONS, 5, EXACT);
  check.int("clipped", n + layout.N_CLIPPED);
  check.int("outliers in a row", n + layout.N_ROW);
  if (!gated) return;
  check.double("gate count", n + layout.N_GATE + layout.G_COUNT, EXACT);
  check.double("gate mean", n + layout.N_GATE + layout.G_MEAN, DOUBLE);
  check.double("gate variance", n + layout.N_GATE + layout.G_VARIANCE, DOUBLE);
}

function compareInterests(check: Check, layout: Layout, d: number, keep: number): void {
  check.double("landmark", d + layout.I_LANDMARK, EXACT);
  check.double("interest total", d + layout.I_TOTAL, DOUBLE);
  check.int("interest slots", d + layout.I_USED);
  check.doubles("interest keys", d + layout.I_KEYS, keep, EXACT);
  check.doubles("interest weights", d + layout.I_KEYS + 8 * keep, keep, DOUBLE);
  check.floats("interest errors", d + layout.I_KEYS + 16 * keep, keep, SINGLE);
}

function compareWindow(check: Check, layout: Layout, w: number, bucketBytes: number, names: number): void {
  for (let b = w; b < w + layout.W_BUCKETS * bucketBytes; b += bucketBytes) {
    check.int("bucket stamp", b + layout.B_STAMP);
    check.int("bucket events", b + layout.B_EVENTS);
    check.double("bucket value", b + layout.B_VALUE, DOUBLE);
    for (let name = 0; name < names; name++) check.short("bucket count", b + layout.B_COUNTS + 2 * name);
  }
}

function compareModel(check: Check, layout: Layout, s: number, width: number): void {
  const q = s + layout.M_QUALITY;
  for (const offset of [layout.M_EXAMPLES, layout.M_POSITIVES, layout.M_SKIPPED]) {
    check.float("examples", s + offset, EXACT);
  }
  check.int("pending", s + layout.M_PENDING);
  for (const offset of [layout.M_LAST, layout.M_FAST, layout.M_SLOW])
    check.float("trend", s + offset, LEARNED);
  check.floats("features counted", s + layout.M_STANDARD, width, EXACT);
  check.floats("means and variances", s + layout.M_STANDARD + 4 * width, 2 * width, LEARNED);
  check.doubles("quality", q, (layout.Q_DRIFT_AT - layout.Q_LOSS) / 8, LEARNED);
  check.double("drift time", q + layout.Q_DRIFT_AT, EXACT);
  check.double("inverse propensities", q + layout.Q_INVERSE, LEARNED);
  check.double("inverse propensities", q + layout.Q_INVERSE_POSITIVE, LEARNED);
  check.float("drift", q + layout.Q_DRIFT_COUNT, EXACT);
  check.float("drift", q + layout.Q_DETECTIONS, EXACT);
  check.float("correct", q + layout.Q_CORRECT, LEARNED);
  check.floats("bins", q + layout.Q_BINS, (10 * layout.Q_BIN_BYTES) / 4, LEARNED);
}

function comparePending(check: Check, layout: Layout, first: number, most: number, width: number): void {
  const bytes = layout.E_RAW + 4 * width;
  for (let e = first; e < first + most * bytes; e += bytes) {
    check.double("pending until", e + layout.E_UNTIL, EXACT);
    check.double("pending key", e + layout.E_KEY, EXACT);
    check.double("pending probability", e + layout.E_PROBABILITY, LEARNED);
    check.float("pending propensity", e + layout.E_PROPENSITY, EXACT);
    check.floats("pending vector", e + layout.E_RAW, width, LEARNED);
  }
}

/** Compares figures at the same place of both states. */
class Check {
  readonly wrong: string[] = [];
  readonly #expected: DataView;
  readonly #found: DataView;

  constructor({ expected, found }: States) {
    const view = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
      new DataView(buffer, byteOffset, byteLength);
    this.#expected = view(expected);
    this.#found = view(found);
  }

  double(what: string, at: number, tolerance: number): void {
    this.#compare(what, at, this.#expected.getFloat64(at, true), this.#found.getFloat64(at, true), tolerance);
  }

  doubles(what: string, at: number, count: number, tolerance: number): void {
    for (let i = 0; i < count; i++) this.double(what, at + 8 * i, tolerance);
  }

  float(what: string, at: number, tolerance: number): void {
    this.#compare(what, at, this.#expected.getFloat32(at, true), this.#found.getFloat32(at, true), tolerance);
  }

  floats(what: string, at: number, count: number, tolerance: number): void {
    for (let i = 0; i < count; i++) this.float(what, at + 4 * i, tolerance);
  }

  int(what: string, at: number): void {
    this.#compare(what, at, this.#expected.getInt32(at, true), this.#found.getInt32(at, true), EXACT);
  }

  short(what: string, at: number): void {
    this.#compare(what, at, this.#expected.getUint16(at, true), this.#found.getUint16(at, true), EXACT);
  }

  #compare(what: string, at: number, expected: number, found: number, tolerance: number): void {
    // Missing features are NaN in both.
    if (Object.is(expected, found)) return;
    const difference = Math.abs(expected - found) / Math.max(1, Math.abs(expected));
    if (!(difference <= tolerance))
      this.wrong.push(`${what} at ${at}: ${expected} was expected, found ${found}`);
  }
}

import type { Compiled, CompiledModel } from "./compile.ts";
import { encodeCandidate, type TraitReader } from "./encode.ts";
import type { Kernel } from "./instance.ts";
import type { Layout } from "./layout.ts";
import type { InterestView, NumberView, QualityView, ScoreView, View, WindowView } from "./view.ts";

/** The text of the interest key in a slot, counted over all dimensions. */
export type Labels = (string | null)[];

/** Reads a state's numbers as they are at the time `at`, in ms. */
export function decode(
  kernel: Kernel,
  compiled: Compiled,
  folded: Uint8Array,
  labels: Labels,
  trait: TraitReader,
  at: number,
): View {
  const { layout } = kernel;
  const state = kernel.advance(compiled, folded, at);
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const events = view.getFloat64(layout.S_EVENTS, true);
  const numbers: View["numbers"] = {};
  for (const number of compiled.numbers) {
    numbers[number.name] = decodeNumber(kernel, view, number.state, number.log);
  }
  const interests: View["interests"] = {};
  let slot = 0;
  for (const dimension of compiled.dimensions) {
    interests[dimension.name] = decodeInterest(
      kernel,
      view,
      dimension,
      labels.slice(slot, slot + dimension.keep),
      at,
    );
    slot += dimension.keep;
  }
  const windows: View["windows"] = {};
  for (const window of compiled.windows)
    windows[window.name] = decodeWindow(layout, compiled, view, window, at);
  const scores: View["scores"] = {};
  const quality: View["quality"] = {};
  compiled.models.forEach((model, index) => {
    scores[model.name] = decodeScore(kernel, compiled, state, index, trait, at);
    quality[model.name] = decodeQuality(layout, view, model);
  });
  return {
    events,
    firstSeen: events > 0 ? view.getFloat64(layout.S_FIRST, true) : null,
    lastSeen: events > 0 ? view.getFloat64(layout.S_LAST, true) : null,
    numbers,
    interests,
    windows,
    scores,
    quality,
  };
}

/** An interest slot, counted over all dimensions, and the hash that it holds. */
export interface Slot {
  slot: number;
  key: number;
}

/** The interest slots that hold another key in `after` than in `before`. */
export function changedSlots(
  kernel: Kernel,
  compiled: Compiled,
  before: Uint8Array,
  after: Uint8Array,
): Slot[] {
  const theirs = new Float64Array(before.buffer, before.byteOffset, before.length >> 3);
  const ours = new Float64Array(after.buffer, after.byteOffset, after.length >> 3);
  const changed: Slot[] = [];
  let first = 0;
  for (const { state, keep } of compiled.dimensions) {
    const from = (state + kernel.layout.I_KEYS) >> 3;
    for (let i = 0; i < keep; i++) {
      const key = ours[from + i] ?? 0;
      if (key !== theirs[from + i]) changed.push({ slot: first + i, key });
    }
    first += keep;
  }
  return changed;
}

function decodeNumber(kernel: Kernel, view: DataView, n: number, log: boolean): NumberView {
  const { layout } = kernel;
  const read = (offset: number) => view.getFloat64(n + offset, true);
  const count = read(layout.N_COUNT);
  const sum = read(layout.N_SUM);
  const clipped = view.getInt32(n + layout.N_CLIPPED, true);
  if (count === 0) {
    return { count, sum, mean: null, sd: null, min: null, max: null, median: null, last: null, clipped };
  }
  const unscale = (u: number) => (log ? Math.sign(u) * (kernel.exp(Math.abs(u)) - 1) : u);
  return {
    count,
    sum,
    mean: unscale(read(layout.N_MEAN)),
    sd: Math.sqrt(Math.max(0, read(layout.N_M2)) / read(layout.N_WEIGHT)),
    min: read(layout.N_MIN),
    max: read(layout.N_MAX),
    median: unscale(median(count, (i) => read(layout.N_HEIGHTS + 8 * i))),
    last: read(layout.N_LAST),
    clipped,
  };
}

/** Up to five values are kept sorted; after that the third marker follows the median. */
function median(count: number, height: (i: number) => number): number {
  if (count >= 5) return height(2);
  return (height((count - 1) >> 1) + height(count >> 1)) / 2;
}

function decodeInterest(
  kernel: Kernel,
  view: DataView,
  dimension: Compiled["dimensions"][number],
  labels: Labels,
  at: number,
): InterestView {
  const { layout } = kernel;
  const d = dimension.state;
  const used = view.getInt32(d + layout.I_USED, true);
  const decayed = kernel.exp(-dimension.rate * (at - view.getFloat64(d + layout.I_LANDMARK, true)));
  const total = view.getFloat64(d + layout.I_TOTAL, true);
  const weights = d + layout.I_KEYS + 8 * dimension.keep;
  const errors = weights + 8 * dimension.keep;
  const top = [];
  for (let i = 0; i < used; i++) {
    const weight = view.getFloat64(weights + 8 * i, true);
    const error = view.getFloat32(errors + 4 * i, true);
    const key = labels[i];
    if (typeof key !== "string")
      throw new Error(`an interest of slot ${i} in ${dimension.name} has no label`);
    top.push({
      key,
      weight: weight * decayed,
      error: error * decayed,
      share: total > 0 ? weight / total : 0,
    });
  }
  top.sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1));
  return { total: total * decayed, top };
}

function decodeWindow(
  layout: Layout,
  compiled: Compiled,
  view: DataView,
  window: Compiled["windows"][number],
  at: number,
): WindowView {
  const newest = Math.floor(at / window.bucketMs) + 1;
  const result: WindowView = { events: 0, value: 0, counts: {} };
  const counts = new Array<number>(compiled.names.size).fill(0);
  for (let i = 0; i < layout.W_BUCKETS; i++) {
    const b = window.state + i * compiled.bucketBytes;
    const age = newest - view.getUint32(b + layout.B_STAMP, true);
    if (age < 0 || age >= layout.W_BUCKETS) continue;
    result.events += view.getUint32(b + layout.B_EVENTS, true);
    result.value += view.getFloat64(b + layout.B_VALUE, true);
    for (let k = 0; k < counts.length; k++) {
      counts[k] = (counts[k] ?? 0) + view.getUint16(b + layout.B_COUNTS + 2 * k, true);
    }
  }
  for (const [name, { index }] of compiled.names) {
    const count = counts[index] ?? 0;
    if (count > 0) result.counts[name] = count;
  }
  return result;
}

/** What a model says of the user with no candidate: of a record with nothing but the time. */
function decodeScore(
  kernel: Kernel,
  compiled: Compiled,
  state: Uint8Array,
  index: number,
  trait: TraitReader,
  at: number,
): ScoreView {
  const { layout } = kernel;
  encodeCandidate(kernel, compiled, {}, at, trait, 0);
  kernel.rank(compiled, state, 1, index, false);
  const probability = kernel.floats[(layout.OUTPUT + layout.O_PROBABILITY) >> 2] ?? Number.NaN;
  const sd = kernel.floats[(layout.OUTPUT + layout.O_SD) >> 2] ?? Number.NaN;
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const m = compiled.models[index]?.state ?? 0;
  const examples = view.getFloat32(m + layout.M_EXAMPLES, true);
  return {
    probability,
    sd,
    calibrated: kernel.calibrate(compiled, state, index, probability),
    examples,
    positives: view.getFloat32(m + layout.M_POSITIVES, true),
    pending: view.getInt32(m + layout.M_PENDING, true),
    skipped: view.getFloat32(m + layout.M_SKIPPED, true),
    trend:
      examples > 0
        ? view.getFloat32(m + layout.M_FAST, true) - view.getFloat32(m + layout.M_SLOW, true)
        : null,
  };
}

function decodeQuality(layout: Layout, view: DataView, model: CompiledModel): QualityView {
  const q = model.state + layout.M_QUALITY;
  const read = (offset: number) => view.getFloat64(q + offset, true);
  const readSmall = (offset: number) => view.getFloat32(q + offset, true);
  const examples = view.getFloat32(model.state + layout.M_EXAMPLES, true);
  const mean = (sum: number) => (examples > 0 ? sum / examples : null);
  let error = 0;
  const bins = Array.from({ length: 10 }, (_, k) => {
    const bin = layout.Q_BINS + k * layout.Q_BIN_BYTES;
    const count = readSmall(bin);
    const positives = readSmall(bin + 4);
    const sum = readSmall(bin + 8);
    error += Math.abs(positives - sum);
    return { count, meanProbability: count > 0 ? sum / count : null, positives };
  });
  const driftAt = read(layout.Q_DRIFT_AT);
  const inverse = read(layout.Q_INVERSE);
  return {
    examples,
    logLoss: mean(read(layout.Q_LOSS)),
    baseLogLoss: mean(read(layout.Q_BASE_LOSS)),
    priorLogLoss: model.hasPrior ? mean(read(layout.Q_PRIOR_LOSS)) : null,
    accuracy: mean(readSmall(layout.Q_CORRECT)),
    calibration: {
      slope: read(layout.Q_SLOPE),
      intercept: read(layout.Q_INTERCEPT),
      ece: mean(error),
      bins,
    },
    drift: { detections: readSmall(layout.Q_DETECTIONS), lastAt: driftAt >= 0 ? driftAt : null },
    uniformRate: inverse > 0 ? read(layout.Q_INVERSE_POSITIVE) / inverse : null,
  };
}

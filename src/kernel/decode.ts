import type { Compiled } from "./compile.ts";
import { encodeCandidate, type TraitReader } from "./encode.ts";
import type { Kernel } from "./instance.ts";
import type { InterestView, NumberView, ScoreView, View, WindowView } from "./view.ts";

/** The text of the interest key in a slot, counted over all dimensions. */
export type Labels = (string | null)[];

/** Reads a state's numbers as they are at the time `at`, in ms. */
export function decode(
  kernel: Kernel,
  compiled: Compiled,
  state: Uint8Array,
  labels: Labels,
  trait: TraitReader,
  at: number,
): View {
  const { layout } = kernel;
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const events = view.getFloat64(layout.S_EVENTS, true);
  const numbers: View["numbers"] = {};
  for (const number of compiled.numbers) numbers[number.name] = decodeNumber(kernel, view, number.state);
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
    windows[window.name] = decodeWindow(kernel, compiled, view, window, at);
  return {
    events,
    firstSeen: events > 0 ? view.getFloat64(layout.S_FIRST, true) : null,
    lastSeen: events > 0 ? view.getFloat64(layout.S_LAST, true) : null,
    numbers,
    interests,
    windows,
    scores: decodeScores(kernel, compiled, state, trait, at),
  };
}

/** The hashes in the interest slots, over all dimensions; 0 for a free slot. */
export function slotKeys(kernel: Kernel, compiled: Compiled, state: Uint8Array): Float64Array {
  const total = compiled.dimensions.reduce((sum, dimension) => sum + dimension.keep, 0);
  const keys = new Float64Array(total);
  let slot = 0;
  for (const dimension of compiled.dimensions) {
    const from = state.byteOffset + dimension.state + kernel.layout.I_KEYS;
    keys.set(new Float64Array(state.buffer, from, dimension.keep), slot);
    slot += dimension.keep;
  }
  return keys;
}

function decodeNumber({ layout }: Kernel, view: DataView, n: number): NumberView {
  const read = (offset: number) => view.getFloat64(n + offset, true);
  const count = read(layout.N_COUNT);
  const sum = read(layout.N_SUM);
  if (count === 0) {
    return { count, sum, mean: null, sd: null, min: null, max: null, median: null, last: null };
  }
  return {
    count,
    sum,
    mean: read(layout.N_MEAN),
    sd: Math.sqrt(Math.max(0, read(layout.N_M2)) / read(layout.N_WEIGHT)),
    min: read(layout.N_MIN),
    max: read(layout.N_MAX),
    median: median(count, (i) => read(layout.N_HEIGHTS + 8 * i)),
    last: read(layout.N_LAST),
  };
}

/** Up to five values are kept sorted; after that the third marker follows the median. */
function median(count: number, height: (i: number) => number): number {
  if (count >= 5) return height(2);
  return (height((count - 1) >> 1) + height(count >> 1)) / 2;
}

function decodeInterest(
  { layout }: Kernel,
  view: DataView,
  dimension: Compiled["dimensions"][number],
  labels: Labels,
  at: number,
): InterestView {
  const d = dimension.state;
  const used = view.getInt32(d + layout.I_USED, true);
  const decayed = Math.exp(-dimension.rate * (at - view.getFloat64(d + layout.I_LANDMARK, true)));
  const total = view.getFloat64(d + layout.I_TOTAL, true);
  const weights = d + layout.I_KEYS + 8 * dimension.keep;
  const top = [];
  for (let i = 0; i < used; i++) {
    const weight = view.getFloat64(weights + 8 * i, true);
    const error = view.getFloat64(weights + 8 * (dimension.keep + i), true);
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
  { layout }: Kernel,
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

/** What each model says of the user with no candidate: a record with nothing but the time. */
function decodeScores(
  kernel: Kernel,
  compiled: Compiled,
  state: Uint8Array,
  trait: TraitReader,
  at: number,
): Record<string, ScoreView> {
  const { layout } = kernel;
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const scores: Record<string, ScoreView> = {};
  if (compiled.models.length === 0) return scores;
  encodeCandidate(kernel, compiled, {}, at, trait, 0);
  compiled.models.forEach((model, i) => {
    kernel.rank(compiled, state, 1, i, false);
    const read = (offset: number) => view.getFloat32(model.state + offset, true);
    const examples = read(layout.M_EXAMPLES);
    scores[model.name] = {
      probability: kernel.floats[(layout.OUTPUT + layout.O_PROBABILITY) >> 2] ?? Number.NaN,
      sd: kernel.floats[(layout.OUTPUT + layout.O_SD) >> 2] ?? Number.NaN,
      examples,
      positives: read(layout.M_POSITIVES),
      trend: examples > 0 ? read(layout.M_FAST) - read(layout.M_SLOW) : null,
    };
  });
  return scores;
}

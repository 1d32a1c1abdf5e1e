import type { ModelPrior, Prior } from "../definition/prior.ts";
import { type Definition, DefinitionError, durationMs, type NumberDefinition } from "../definition/schema.ts";
import type { JsonObject } from "../events/event.ts";
import { hash53 } from "./hash.ts";
import type { Kernel } from "./instance.ts";
import type { Layout } from "./layout.ts";
import { type CompiledLearner, compileLearner } from "./learner.ts";
import { Params } from "./params.ts";
import { categoryAt, numberAt } from "./path.ts";
import { type FeatureSlot, featureProgram, type Input, type Op } from "./program.ts";
import { type CompiledTarget, compileTarget } from "./target.ts";

/** The most that a state may take: it is rewritten with each commit. */
export const MOST_STATE_BYTES = 8192;

/** A definition, with its prior, as the kernel and its host use it. */
export interface Compiled {
  definition: Definition;
  /** The prior that `prior` below is the bytes of. */
  trained: Prior | undefined;
  /** Changes with anything in the definition or the prior: a state folded under another one is refolded. */
  fingerprint: string;
  params: Uint8Array;
  prior: Uint8Array;
  stateBytes: number;
  recordBytes: number;
  /** Index of each event name and its interest weight. */
  names: Map<string, { index: number; weight: number }>;
  value: (properties: JsonObject) => number;
  numbers: { name: string; state: number; log: boolean; read: (properties: JsonObject) => number }[];
  dimensions: {
    name: string;
    state: number;
    keep: number;
    rate: number;
    read: (properties: JsonObject) => string;
  }[];
  windows: { name: string; state: number; bucketMs: number }[];
  bucketBytes: number;
  inputs: Input[];
  models: CompiledModel[];
  /** Byte offsets of the parts of a record. */
  record: { numbers: number; keys: number; labels: number; inputs: number };
}

export interface CompiledModel {
  name: string;
  state: number;
  /** Of a vector: the features with their indicators, the bias at 0, padded to a multiple of 4. */
  width: number;
  hasPrior: boolean;
  target: CompiledTarget;
  /** The bias first. */
  features: FeatureSlot[];
}

export interface CompileOptions {
  prior?: Prior;
  /** Offline a state may be larger than a profile's. */
  mostStateBytes?: number;
}

const align = (bytes: number, to: number) => Math.ceil(bytes / to) * to;

/** Names a definition by what it says. */
export function fingerprintOf(definition: Definition): string {
  return hash53(JSON.stringify(definition)).toString(36);
}

/**
 * Lays out states and records of a definition and writes the kernel's parameters.
 * @throws DefinitionError when a state or a model would be too large, or the prior does not fit
 */
export function compile(
  definition: Definition,
  kernel: Pick<Kernel, "layout" | "learnerBytes">,
  { prior, mostStateBytes = MOST_STATE_BYTES }: CompileOptions = {},
): Compiled {
  const { layout } = kernel;
  const params = new Params(layout.PARAMS_BYTES);
  const priors = new Params(layout.PRIOR_BYTES);
  const names = new Map(
    Object.entries(definition.events).map(([name, { weight }], index) => [name, { index, weight }]),
  );
  const bucketBytes = layout.B_COUNTS + align(2 * names.size, 16);
  const state = new Place(layout.S_LASTS + align(8 * names.size, 16));
  const table = new Place(layout.P_BYTES);

  const numberEntries = Object.entries(definition.numbers);
  const numbersAt = table.take(layout.PN_BYTES * numberEntries.length);
  const numbers = numberEntries.map(([name, number], i) => {
    const at = state.take(layout.N_GATE + gateBytes(number, layout));
    writeNumber(params, numbersAt + i * layout.PN_BYTES, number, at, layout);
    return { name, state: at, log: number.scale === "log", read: numberAt(number.path) };
  });

  const dimensionEntries = Object.entries(definition.interests);
  const dimensionsAt = table.take(layout.PD_BYTES * dimensionEntries.length);
  const dimensions = dimensionEntries.map(([name, { path, halfLife, keep }], i) => {
    const rate = Math.LN2 / durationMs(halfLife);
    const at = state.take(layout.I_KEYS + 20 * keep);
    const row = dimensionsAt + i * layout.PD_BYTES;
    params.int(row + layout.PD_STATE, at);
    params.int(row + layout.PD_KEEP, keep);
    params.double(row + layout.PD_RATE, rate);
    return { name, state: at, keep, rate, read: categoryAt(path) };
  });

  const windowsAt = table.take(layout.PW_BYTES * definition.windows.length);
  const windows = definition.windows.map((name, i) => {
    const bucketMs = durationMs(name) / layout.W_BUCKETS;
    const at = state.take(layout.W_BUCKETS * bucketBytes);
    params.int(windowsAt + i * layout.PW_BYTES + layout.PW_STATE, at);
    params.double(windowsAt + i * layout.PW_BYTES + layout.PW_BUCKET_MS, bucketMs);
    return { name, state: at, bucketMs };
  });

  const inputs: Input[] = [];
  const priorAt = new Place(0);
  const modelEntries = Object.entries(definition.models);
  const modelsAt = table.take(layout.PM_BYTES * modelEntries.length);
  const models = modelEntries.map(([name, model], i): CompiledModel => {
    const { ops, features } = featureProgram(model.features, definition, names, inputs);
    const count = features.reduce((sum, feature) => sum + feature.width, 0);
    const width = align(count, 4);
    if (width > layout.MOST_FEATURES) {
      const detail = `${count} features with their indicators; at most ${layout.MOST_FEATURES} are expected, lower a width`;
      throw new DefinitionError([{ pointer: `/models/${name}/features`, detail }]);
    }
    const modelPrior = prior?.models[name];
    const priorOffset = modelPrior === undefined ? -1 : priorAt.take(3 * 4 * width);
    if (modelPrior !== undefined) writePrior(priors, priorOffset, name, modelPrior, count, width);
    const at = state.take(layout.M_STANDARD + 3 * 4 * width);
    const target = compileTarget(model.target, layout);
    const m = modelsAt + i * layout.PM_BYTES;
    params.int(m + layout.PM_STATE, at);
    params.int(m + layout.PM_FEATURES, count);
    params.int(m + layout.PM_WIDTH, width);
    params.int(m + layout.PM_PRIOR, priorOffset);
    params.int(m + layout.PM_PENDING, target.pending);
    params.double(m + layout.PM_WITHIN, target.withinMs);
    params.int(m + layout.PM_DRIFT_LEAST, model.drift.minExamples);
    params.double(m + layout.PM_DRIFT_DELTA, model.drift.delta);
    params.double(m + layout.PM_DRIFT_THRESHOLD, model.drift.threshold);
    params.int(m + layout.PM_OPS, ops.length);
    const opsAt = table.take(layout.PO_BYTES * ops.length);
    params.int(m + layout.PM_OPS_AT, opsAt);
    ops.forEach((op, k) => {
      writeOp(params, opsAt + k * layout.PO_BYTES, op, layout);
    });
    const shape = { count, width, prior: priorOffset };
    const learner = compileLearner(model.learner, layout, modelPrior);
    const [learnerAt = 0] = writeLearners(params, table, state, [learner], shape, kernel);
    params.int(m + layout.PM_LEARNER, learnerAt);
    params.int(m + layout.PM_PENDING_STATE, state.take(target.pending * (layout.E_RAW + 4 * width)));
    return { name, state: at, width, hasPrior: modelPrior !== undefined, target, features };
  });

  if (state.end > mostStateBytes) {
    const detail = `a profile would take ${state.end} bytes; at most ${mostStateBytes} are expected, keep fewer keys, windows, pending examples or models`;
    throw new DefinitionError([{ pointer: "", detail }]);
  }
  const record = { numbers: layout.R_BYTES, keys: 0, labels: 0, inputs: 0 };
  record.keys = record.numbers + 8 * numbers.length;
  record.labels = record.keys + 8 * dimensions.length;
  record.inputs = record.labels + layout.RL_BYTES * models.length;
  const recordBytes = align(record.inputs + 4 * inputs.length, 16);

  params.int(layout.P_RECORD_BYTES, recordBytes);
  params.int(layout.P_STATE_BYTES, state.end);
  params.int(layout.P_NAMES, names.size);
  params.int(layout.P_BUCKET_BYTES, bucketBytes);
  params.int(layout.P_RECORD_NUMBERS, record.numbers);
  params.int(layout.P_RECORD_KEYS, record.keys);
  params.int(layout.P_RECORD_LABELS, record.labels);
  params.int(layout.P_RECORD_INPUTS, record.inputs);
  params.int(layout.P_NUMBERS, numbers.length);
  params.int(layout.P_NUMBERS_AT, numbersAt);
  params.int(layout.P_DIMENSIONS, dimensions.length);
  params.int(layout.P_DIMENSIONS_AT, dimensionsAt);
  params.int(layout.P_WINDOWS, windows.length);
  params.int(layout.P_WINDOWS_AT, windowsAt);
  params.int(layout.P_MODELS, models.length);
  params.int(layout.P_MODELS_AT, modelsAt);
  return {
    definition,
    trained: prior,
    fingerprint: hash53(`${fingerprintOf(definition)} ${JSON.stringify(prior ?? null)}`).toString(36),
    params: params.bytes.slice(0, table.end),
    prior: priors.bytes.slice(0, priorAt.end),
    stateBytes: state.end,
    recordBytes,
    names,
    value: definition.value === undefined ? () => Number.NaN : numberAt(definition.value),
    numbers,
    dimensions,
    windows,
    bucketBytes,
    inputs,
    models,
    record,
  };
}

/** Hands out places one after the other, each aligned for SIMD. */
class Place {
  end: number;
  constructor(start: number) {
    this.end = start;
  }
  take(bytes: number): number {
    const at = this.end;
    this.end += align(bytes, 16);
    return at;
  }
}

function gateBytes({ outliers }: NumberDefinition, layout: Layout): number {
  switch (outliers?.rule) {
    case undefined:
      return 0;
    case "zscore":
      return layout.G_ZSCORE_BYTES;
    case "hampel":
      return layout.G_RING + 8 * outliers.of;
  }
}

function writeNumber(
  params: Params,
  n: number,
  number: NumberDefinition,
  state: number,
  layout: Layout,
): void {
  const { halfLife, outliers } = number;
  params.int(n + layout.PN_STATE, state);
  params.int(n + layout.PN_LOG, number.scale === "log" ? 1 : 0);
  params.double(n + layout.PN_RATE, halfLife === undefined ? 0 : Math.LN2 / durationMs(halfLife));
  if (outliers === undefined) return;
  params.int(n + layout.PN_GATE, outliers.rule === "zscore" ? layout.GATE_ZSCORE : layout.GATE_HAMPEL);
  params.double(n + layout.PN_THRESHOLD, outliers.threshold);
  params.int(n + layout.PN_REOPEN, outliers.reopen);
  if (outliers.rule === "zscore") params.double(n + layout.PN_GATE_RATE, outliers.rate);
  else params.int(n + layout.PN_RING, outliers.of);
}

function writeOp(params: Params, o: number, op: Op, layout: Layout): void {
  params.int(o + layout.PO_KIND, layout[op.kind]);
  params.int(o + layout.PO_SLOT, op.slot);
  params.int(o + layout.PO_WIDTH, op.width);
  params.int(o + layout.PO_SOURCE, op.source);
  params.int(o + layout.PO_NAME, op.name);
}

function writePrior(
  priors: Params,
  at: number,
  name: string,
  { weights, means, variances }: ModelPrior,
  count: number,
  width: number,
): void {
  [weights, means, variances].forEach((values, row) => {
    if (values.length !== count) {
      const detail = `the prior has ${values.length} values, the model ${count} features: train it for this definition`;
      throw new DefinitionError([{ pointer: `/models/${name}/features`, detail }]);
    }
    values.forEach((value, j) => {
      priors.float(at + 4 * (row * width + j), value);
    });
  });
}

/** Writes learners side by side and gives each a block in the state; returns where they are. */
function writeLearners(
  params: Params,
  table: Place,
  state: Place,
  learners: CompiledLearner[],
  shape: { count: number; width: number; prior: number },
  kernel: Pick<Kernel, "layout" | "learnerBytes">,
): number[] {
  const { layout } = kernel;
  const first = table.take(layout.PL_BYTES * learners.length);
  return learners.map((learner, i) => {
    const l = first + i * layout.PL_BYTES;
    params.int(l + layout.PL_KIND, learner.kind);
    params.int(l + layout.PL_STATE, state.take(kernel.learnerBytes(learner.kind, shape.width, learner.size)));
    params.int(l + layout.PL_FEATURES, shape.count);
    params.int(l + layout.PL_WIDTH, shape.width);
    params.int(l + layout.PL_PRIOR, shape.prior);
    params.int(l + layout.PL_SIZE, learner.size);
    params.int(l + layout.PL_SEED, learner.seed | 0);
    learner.settings.forEach((setting, k) => {
      params.float(l + layout.PL_SETTINGS + 4 * k, setting);
    });
    const [member = 0] =
      learner.members.length === 0 ? [] : writeLearners(params, table, state, learner.members, shape, kernel);
    params.int(l + layout.PL_MEMBERS, member);
    return l;
  });
}

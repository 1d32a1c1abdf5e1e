import {
  type Definition,
  DefinitionError,
  durationMs,
  type FeatureDefinition,
  type LearnerDefinition,
} from "../definition/schema.ts";
import type { JsonObject } from "../events/event.ts";
import { hash53 } from "./hash.ts";
import type { Kernel } from "./instance.ts";
import { categoryAt, numberAt, pathName } from "./path.ts";

/** The most that a state may take: it is rewritten with each commit. */
export const MOST_STATE_BYTES = 8192;

/** A definition as the kernel and its host use it. */
export interface Compiled {
  definition: Definition;
  /** Changes with anything in the definition: a state folded under another one is refolded. */
  fingerprint: string;
  params: Uint8Array;
  stateBytes: number;
  recordBytes: number;
  /** Index of each event name and its interest weight. */
  names: Map<string, { index: number; weight: number }>;
  value: (properties: JsonObject) => number;
  numbers: { name: string; state: number; read: (properties: JsonObject) => number }[];
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

/** What the host reads from a record's event for the feature program. */
export type Input =
  | { kind: "number"; read: (properties: JsonObject) => number }
  | { kind: "category"; read: (properties: JsonObject) => string }
  | { kind: "number-trait" | "category-trait"; trait: string };

export interface CompiledModel {
  name: string;
  state: number;
  width: number;
  examples: Set<string>;
  positive: Set<string>;
  /** The features' names, the bias first, and the indices that each owns. */
  features: { name: string; slot: number; width: number }[];
}

const align = (bytes: number, to: number) => Math.ceil(bytes / to) * to;

/**
 * Lays out states and records of a definition and writes the kernel's parameters.
 * @throws DefinitionError when a state or a model would be too large.
 */
export function compile(definition: Definition, kernel: Pick<Kernel, "layout" | "learnerRows">): Compiled {
  const { layout } = kernel;
  const names = new Map(
    Object.entries(definition.events).map(([name, { weight }], index) => [name, { index, weight }]),
  );
  const bucketBytes = layout.B_COUNTS + align(2 * names.size, 16);
  let stateBytes = layout.S_LASTS + align(8 * names.size, 16);
  const place = (bytes: number) => {
    const at = stateBytes;
    stateBytes += align(bytes, 16);
    return at;
  };

  const numbers = Object.entries(definition.numbers).map(([name, number]) => ({
    name,
    state: place(layout.N_BYTES),
    rate: number.halfLife === undefined ? 0 : Math.LN2 / durationMs(number.halfLife),
    read: numberAt(number.path),
  }));
  const dimensions = Object.entries(definition.interests).map(([name, dimension]) => ({
    name,
    state: place(layout.I_KEYS + 24 * dimension.keep),
    keep: dimension.keep,
    rate: Math.LN2 / durationMs(dimension.halfLife),
    read: categoryAt(dimension.path),
  }));
  const windows = definition.windows.map((name) => ({
    name,
    state: place(layout.W_BUCKETS * bucketBytes),
    bucketMs: durationMs(name) / layout.W_BUCKETS,
  }));

  const inputs: Input[] = [];
  let priorBytes = 0;
  const models = Object.entries(definition.models).map(([name, model]) => {
    const program = featureProgram(model.features, definition, names, inputs);
    const count = program.features.reduce((sum, feature) => sum + feature.width, 0);
    const width = align(count, 4);
    if (width > layout.MOST_FEATURES) {
      throw new DefinitionError([
        {
          pointer: `/models/${name}/features`,
          detail: `${count} features with their indicators; at most ${layout.MOST_FEATURES} are expected, lower a width`,
        },
      ]);
    }
    const learner = learnerSettings(model.learner, kernel);
    const row = 4 * width;
    const state = place(layout.M_STANDARD + 3 * row + kernel.learnerRows(learner.kind) * row);
    const prior = priorBytes;
    priorBytes += 4 * row;
    return {
      name,
      state,
      width,
      count,
      prior,
      learner,
      ops: program.ops,
      features: program.features,
      learnerState: state + layout.M_STANDARD + 3 * row,
      examples: new Set(model.target.examples),
      positive: new Set(model.target.positive),
    };
  });
  if (stateBytes > MOST_STATE_BYTES) {
    throw new DefinitionError([
      {
        pointer: "",
        detail: `a profile would take ${stateBytes} bytes; at most ${MOST_STATE_BYTES} are expected, keep fewer keys, windows or models`,
      },
    ]);
  }

  const record = { numbers: layout.R_BYTES, keys: 0, labels: 0, inputs: 0 };
  record.keys = record.numbers + 8 * numbers.length;
  record.labels = record.keys + 8 * dimensions.length;
  record.inputs = record.labels + layout.RL_BYTES * models.length;
  const recordBytes = align(record.inputs + 4 * inputs.length, 16);

  const params = new Params(layout.PARAMS_BYTES);
  params.int(layout.P_RECORD_BYTES, recordBytes);
  params.int(layout.P_STATE_BYTES, stateBytes);
  params.int(layout.P_NAMES, names.size);
  params.int(layout.P_BUCKET_BYTES, bucketBytes);
  params.int(layout.P_RECORD_NUMBERS, record.numbers);
  params.int(layout.P_RECORD_KEYS, record.keys);
  params.int(layout.P_RECORD_LABELS, record.labels);
  params.int(layout.P_RECORD_INPUTS, record.inputs);
  let at = layout.P_BYTES;
  const table = (count: number, countAt: number, tableAt: number, bytes: number) => {
    const start = at;
    params.int(countAt, count);
    params.int(tableAt, start);
    at += align(count * bytes, 16);
    return start;
  };
  const numbersAt = table(numbers.length, layout.P_NUMBERS, layout.P_NUMBERS_AT, layout.PN_BYTES);
  numbers.forEach((number, i) => {
    params.int(numbersAt + i * layout.PN_BYTES + layout.PN_STATE, number.state);
    params.double(numbersAt + i * layout.PN_BYTES + layout.PN_RATE, number.rate);
  });
  const dimensionsAt = table(dimensions.length, layout.P_DIMENSIONS, layout.P_DIMENSIONS_AT, layout.PD_BYTES);
  dimensions.forEach((dimension, i) => {
    params.int(dimensionsAt + i * layout.PD_BYTES + layout.PD_STATE, dimension.state);
    params.int(dimensionsAt + i * layout.PD_BYTES + layout.PD_KEEP, dimension.keep);
    params.double(dimensionsAt + i * layout.PD_BYTES + layout.PD_RATE, dimension.rate);
  });
  const windowsAt = table(windows.length, layout.P_WINDOWS, layout.P_WINDOWS_AT, layout.PW_BYTES);
  windows.forEach((window, i) => {
    params.int(windowsAt + i * layout.PW_BYTES + layout.PW_STATE, window.state);
    params.double(windowsAt + i * layout.PW_BYTES + layout.PW_BUCKET_MS, window.bucketMs);
  });
  const modelsAt = table(models.length, layout.P_MODELS, layout.P_MODELS_AT, layout.PM_BYTES);
  models.forEach((model, i) => {
    const m = modelsAt + i * layout.PM_BYTES;
    params.int(m + layout.PM_STATE, model.state);
    params.int(m + layout.PM_FEATURES, model.count);
    params.int(m + layout.PM_WIDTH, model.width);
    params.int(m + layout.PM_LEARNER, model.learner.kind);
    params.int(m + layout.PM_LEARNER_STATE, model.learnerState);
    params.int(m + layout.PM_PRIOR, model.prior);
    model.learner.settings.forEach((setting, k) => params.float(m + layout.PM_SETTINGS + 4 * k, setting));
    const opsAt = table(model.ops.length, m + layout.PM_OPS, m + layout.PM_OPS_AT, layout.PO_BYTES);
    model.ops.forEach((op, k) => {
      const o = opsAt + k * layout.PO_BYTES;
      params.int(o + layout.PO_KIND, layout[op.kind]);
      params.int(o + layout.PO_SLOT, op.slot);
      params.int(o + layout.PO_WIDTH, op.width);
      params.int(o + layout.PO_SOURCE, op.source);
      params.int(o + layout.PO_NAME, op.name);
    });
  });

  return {
    definition,
    fingerprint: hash53(JSON.stringify(definition)).toString(36),
    params: params.bytes.slice(0, at),
    stateBytes,
    recordBytes,
    names,
    numbers,
    dimensions,
    windows,
    bucketBytes,
    inputs,
    models,
    record,
    value: definition.value === undefined ? () => Number.NaN : numberAt(definition.value),
  };
}

interface Op {
  kind: "OP_NUMBER" | "OP_NUMBER_LOG" | "OP_CATEGORY" | "OP_AFFINITY" | "OP_COUNT" | "OP_RECENCY" | "OP_HOUR";
  slot: number;
  width: number;
  source: number;
  name: number;
}

/** The steps that write a model's features, and the inputs that they read, which are added to `inputs`. */
function featureProgram(
  features: FeatureDefinition[],
  definition: Definition,
  names: Compiled["names"],
  inputs: Input[],
): { ops: Op[]; features: CompiledModel["features"] } {
  const ops: Op[] = [];
  const named: CompiledModel["features"] = [{ name: "bias", slot: 0, width: 1 }];
  let slot = 1;
  const add = (name: string, kind: Op["kind"], width: number, source: number, event?: string) => {
    ops.push({ kind, slot, width, source, name: event === undefined ? 0 : (names.get(event)?.index ?? 0) });
    named.push({ name, slot, width });
    slot += width;
  };
  const dimensions = Object.keys(definition.interests);
  for (const feature of features) {
    switch (feature.kind) {
      case "number":
        add(
          `number(${pathName(feature.path)})`,
          feature.scale === "log" ? "OP_NUMBER_LOG" : "OP_NUMBER",
          1,
          inputs.push({ kind: "number", read: numberAt(feature.path) }) - 1,
        );
        break;
      case "category":
        add(
          `category(${pathName(feature.path)})`,
          "OP_CATEGORY",
          feature.width,
          inputs.push({ kind: "category", read: categoryAt(feature.path) }) - 1,
        );
        break;
      case "affinity":
        add(`affinity(${feature.dimension})`, "OP_AFFINITY", 1, dimensions.indexOf(feature.dimension));
        break;
      case "count":
        add(
          `count(${feature.window}, ${feature.event})`,
          "OP_COUNT",
          1,
          definition.windows.indexOf(feature.window),
          feature.event,
        );
        break;
      case "recency":
        add(`recency(${feature.event})`, "OP_RECENCY", 1, 0, feature.event);
        break;
      case "hour":
        add("hour", "OP_HOUR", 2, 0);
        break;
      case "trait": {
        const hashed = feature.width !== undefined;
        add(
          `trait(${feature.trait})`,
          hashed ? "OP_CATEGORY" : "OP_NUMBER",
          feature.width ?? 1,
          inputs.push({ kind: hashed ? "category-trait" : "number-trait", trait: feature.trait }) - 1,
        );
        break;
      }
    }
  }
  return { ops, features: named };
}

/** A learner's number in the kernel, and its settings in the order that its file there names. */
function learnerSettings(
  learner: LearnerDefinition,
  { layout }: Pick<Kernel, "layout">,
): { kind: number; settings: number[] } {
  switch (learner.kind) {
    case "sgd":
      return { kind: layout.LEARNER_SGD, settings: [learner.rate, learner.biasRate, learner.l2] };
    case "bayes":
      return { kind: layout.LEARNER_BAYES, settings: [learner.variance, learner.forget] };
  }
}

/** A block of parameters under construction. */
class Params {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
    this.#view = new DataView(this.bytes.buffer);
  }
  int(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }
  float(at: number, value: number): void {
    this.#view.setFloat32(at, value, true);
  }
  double(at: number, value: number): void {
    this.#view.setFloat64(at, value, true);
  }
}

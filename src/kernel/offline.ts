import type { Prior } from "../definition/prior.ts";
import type { Definition } from "../definition/schema.ts";
import type { Event, Json } from "../events/event.ts";
import { type Compiled, compile } from "./compile.ts";
import { encodeEvent, type Keys } from "./encode.ts";
import { Kernel } from "./instance.ts";
import type { FeatureSlot } from "./program.ts";

/** An example that a model learned during a fold, with its features as they were at the decision. */
export interface Example {
  /** Index of the model. */
  model: number;
  /** When it was learned, ms. */
  time: number;
  y: 0 | 1;
  /** The progressive prediction. */
  p: number;
  /** The raw vector, NaN where missing. */
  x: Float32Array;
}

/** One model alone in a kernel of its own: examples in, probabilities out, for training and evaluation. */
export class OfflineModel {
  /** The bias first. */
  readonly features: FeatureSlot[];
  /** Of a raw vector: features with indicators, the bias at 0, padded to a multiple of 4. */
  readonly width: number;
  readonly #kernel: Kernel;
  readonly #compiled: Compiled;
  readonly #index: number;
  readonly #raw: Float32Array;

  constructor(module: WebAssembly.Module, definition: Definition, model: string, prior?: Prior) {
    this.#kernel = new Kernel(module);
    const { layout } = this.#kernel;
    this.#compiled = compile(definition, this.#kernel, {
      mostStateBytes: layout.STATE_BYTES,
      ...(prior === undefined ? {} : { prior }),
    });
    this.#index = this.#compiled.models.findIndex(({ name }) => name === model);
    const compiled = this.#compiled.models[this.#index];
    if (compiled === undefined) throw new Error(`the definition has no model "${model}"`);
    this.features = compiled.features;
    this.width = compiled.width;
    this.#raw = this.#kernel.floats.subarray(layout.RAW >> 2, (layout.RAW >> 2) + this.width);
    this.#kernel.fresh(this.#compiled);
  }

  /** Predicts `x`, NaN where missing, and learns its label; returns the prediction. The bias at 0 is filled in. */
  learn(x: Float32Array, y: 0 | 1): number {
    this.#raw.set(x);
    return this.#kernel.step(this.#index, y);
  }

  /** Predicts `x` and learns nothing. */
  predict(x: Float32Array): number {
    this.#raw.set(x);
    return this.#kernel.guess(this.#index);
  }

  /** The weight of each standardised feature; of a learner that has weights. */
  weights(): Float64Array {
    return Float64Array.from({ length: this.width }, (_, j) => this.#kernel.weight(this.#index, j));
  }

  /** What each feature is standardised by. */
  scaling(): { counts: Float64Array; means: Float64Array; variances: Float64Array } {
    const { layout, floats } = this.#kernel;
    const model = this.#compiled.models[this.#index];
    const at = (layout.STATE + (model?.state ?? 0) + layout.M_STANDARD) >> 2;
    const row = (k: number) =>
      Float64Array.from(floats.subarray(at + k * this.width, at + (k + 1) * this.width));
    return { counts: row(0), means: row(1), variances: row(2) };
  }

  /** The model's state as bytes. */
  state(): Uint8Array {
    const { layout, bytes } = this.#kernel;
    return bytes.slice(layout.STATE, layout.STATE + this.#compiled.stateBytes);
  }

  /** Goes on from a state that `state` returned. */
  restore(state: Uint8Array): void {
    this.#kernel.bytes.set(state, this.#kernel.layout.STATE);
  }
}

/** Folds one user's events and yields the examples that the models learn on the way. */
export class OfflineProfile {
  readonly #kernel: Kernel;
  readonly #compiled: Compiled;
  readonly #traits = new Map<string, Json>();
  #state: Uint8Array;

  constructor(module: WebAssembly.Module, definition: Definition, prior?: Prior) {
    this.#kernel = new Kernel(module);
    this.#compiled = compile(definition, this.#kernel, {
      mostStateBytes: this.#kernel.layout.STATE_BYTES,
      ...(prior === undefined ? {} : { prior }),
    });
    this.#state = this.#kernel.fresh(this.#compiled);
  }

  /** Folds events, in (time, id) order after all before; returns the examples that were learned. */
  fold(events: readonly Event[]): Example[] {
    const keys: Keys = new Map();
    const examples: Example[] = [];
    const trait = (name: string) => this.#traits.get(name);
    for (const event of events) {
      for (const [name, value] of Object.entries(event.traits ?? {})) this.#traits.set(name, value);
      const count = encodeEvent(this.#kernel, this.#compiled, event, trait, 0, keys);
      this.#kernel.beginLog();
      this.#state = this.#kernel.fold(this.#compiled, this.#state, count);
      this.#read(this.#kernel.endLog(), examples);
    }
    return examples;
  }

  #read(logged: number, examples: Example[]): void {
    const { layout, ints, floats, doubles } = this.#kernel;
    for (let at = layout.OUTPUT; at < layout.OUTPUT + logged; ) {
      const model = ints[(at + layout.L_MODEL) >> 2] ?? 0;
      const width = this.#compiled.models[model]?.width ?? 0;
      const raw = (at + layout.L_RAW) >> 2;
      examples.push({
        model,
        time: doubles[(at + layout.L_TIME) >> 3] ?? Number.NaN,
        y: floats[(at + layout.L_LABEL) >> 2] === 1 ? 1 : 0,
        p: doubles[(at + layout.L_PROBABILITY) >> 3] ?? Number.NaN,
        x: floats.slice(raw, raw + width),
      });
      at += layout.L_RAW + 4 * width;
    }
  }
}

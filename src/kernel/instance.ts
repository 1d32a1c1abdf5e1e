import type { Compiled } from "./compile.ts";
import { type Layout, readLayout } from "./layout.ts";

/**
 * One instance of the kernel: scratch memory and the calls on it. All profiles of an isolate share it, so nothing may
 * be awaited between copying in and copying out. After a trap the instance is not usable: make another.
 */
export class Kernel {
  readonly layout: Layout;
  /** Views of the memory, which never grows and so never moves. */
  readonly bytes: Uint8Array;
  readonly doubles: Float64Array;
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  readonly words: Uint32Array;
  readonly #exports: KernelExports;
  #loaded: Compiled | undefined;

  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, {});
    this.layout = readLayout(exports);
    this.#exports = exports as unknown as KernelExports;
    const { buffer } = this.#exports.memory;
    this.bytes = new Uint8Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.floats = new Float32Array(buffer);
    this.ints = new Int32Array(buffer);
    this.words = new Uint32Array(buffer);
  }

  /** Bytes of a learner's own block; `size` is of hidden units or members. */
  learnerBytes(kind: number, width: number, size: number): number {
    return this.#exports.learnerBytes(kind, width, size);
  }

  /** e^x, the same bits on every machine. */
  exp(x: number): number {
    return this.#exports.exp(x);
  }

  /** How many records fit in the memory at once. */
  capacity(compiled: Compiled): number {
    return Math.floor(this.layout.RECORDS_BYTES / compiled.recordBytes);
  }

  /** The state of a user of whom nothing is known. */
  fresh(compiled: Compiled): Uint8Array {
    this.#load(compiled);
    this.#exports.init();
    return this.#state(compiled);
  }

  /** Folds the first `count` records in memory into `state`; returns the new state and leaves the given one. */
  fold(compiled: Compiled, state: Uint8Array, count: number): Uint8Array {
    this.#load(compiled);
    this.bytes.set(state, this.layout.STATE);
    this.#exports.fold(count);
    return this.#state(compiled);
  }

  /** The state at a time until which no event came: what was pending and ran out has ended. */
  advance(compiled: Compiled, state: Uint8Array, at: number): Uint8Array {
    if (compiled.models.every(({ target }) => target.pending === 0)) return state;
    this.#load(compiled);
    this.bytes.set(state, this.layout.STATE);
    this.#exports.advance(at);
    return this.#state(compiled);
  }

  /** Scores the first `count` records in memory; the answers are in `floats` from `layout.OUTPUT`. */
  rank(compiled: Compiled, state: Uint8Array, count: number, model: number, explain: boolean): void {
    this.#load(compiled);
    this.bytes.set(state, this.layout.STATE);
    this.#exports.rank(count, model, explain ? 1 : 0);
  }

  /** A probability that a model gave, corrected by how earlier ones of `state` turned out. */
  calibrate(compiled: Compiled, state: Uint8Array, model: number, p: number): number {
    this.#load(compiled);
    this.bytes.set(state, this.layout.STATE);
    return this.#exports.calibrate(model, p);
  }

  /** Orders the first `count` records to explore; answers of `exploreBytes` each are at `layout.OUTPUT`. */
  explore(
    compiled: Compiled,
    state: Uint8Array,
    count: number,
    model: number,
    how: number,
    seed: number,
  ): number {
    this.#load(compiled);
    this.bytes.set(state, this.layout.STATE);
    this.#exports.explore(count, model, how, seed);
    return this.#exports.exploreBytes(model);
  }

  // --- For training and evaluation: the state stays in memory from call to call.

  /** Predicts the vector at `layout.RAW`, learns its label, returns the prediction. */
  step(model: number, y: 0 | 1): number {
    return this.#exports.step(model, y, 0);
  }

  /** Predicts the vector at `layout.RAW`. */
  guess(model: number): number {
    return this.#exports.guess(model);
  }

  /** The weight of a standardised feature. */
  weight(model: number, feature: number): number {
    return this.#exports.weight(model, feature);
  }

  /** From now on, folds log the examples they learn at `layout.OUTPUT`. */
  beginLog(): void {
    this.#exports.log(1);
  }

  /** Ends the log; returns how many bytes it has. */
  endLog(): number {
    const bytes = this.#exports.logged();
    this.#exports.log(0);
    return bytes;
  }

  #state(compiled: Compiled): Uint8Array {
    return this.bytes.slice(this.layout.STATE, this.layout.STATE + compiled.stateBytes);
  }

  #load(compiled: Compiled): void {
    if (this.#loaded === compiled) return;
    this.bytes.set(compiled.params, this.layout.PARAMS);
    this.bytes.set(compiled.prior, this.layout.PRIOR);
    this.#loaded = compiled;
  }
}

/**
 * Compiles the kernel's bytes, for Node. In a Worker the bundle brings the compiled module, and this is forbidden.
 */
export function compileKernel(bytes: Uint8Array): WebAssembly.Module {
  // The Worker types declare Module without a constructor, for the same reason.
  const { Module } = WebAssembly as unknown as { Module: new (bytes: Uint8Array) => WebAssembly.Module };
  return new Module(bytes);
}

interface KernelExports {
  memory: WebAssembly.Memory;
  init(): void;
  fold(count: number): void;
  rank(count: number, model: number, explain: number): void;
  exp(x: number): number;
  advance(at: number): void;
  step(model: number, y: number, time: number): number;
  guess(model: number): number;
  weight(model: number, feature: number): number;
  log(on: number): void;
  logged(): number;
  explore(count: number, model: number, how: number, seed: number): void;
  exploreBytes(model: number): number;
  calibrate(model: number, p: number): number;
  learnerBytes(kind: number, width: number, size: number): number;
}

import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import type { Shape, Weights } from "./tfjs-examples.ts";

/** What this needs of @tensorflow/tfjs, which is typed here because it is installed for the benches alone. */
export interface Tfjs {
  version_core: string;
  enableProdMode(): void;
  setBackend(name: string): Promise<boolean>;
  tidy<T>(run: () => T): T;
  tensor2d(values: number[][]): Tensor;
  scalar(value: number): Tensor;
  variable(initial: Tensor): Variable;
  matMul(a: Tensor, b: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  losses: { sigmoidCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): Optimizer };
}

interface Tensor {
  add(other: Tensor): Tensor;
  dataSync(): ArrayLike<number>;
  dispose(): void;
}

type Variable = Tensor;

interface Optimizer {
  minimize(loss: () => Tensor, returnCost: boolean, variables: Variable[]): Tensor | null;
  dispose(): void;
}

interface TfjsWasm {
  setWasmPaths(folder: string): void;
}

/** Loads tfjs with its cpu and wasm backends; undefined where `npm ci --prefix bench` was not run. */
export function loadTfjs(): Tfjs | undefined {
  const require = createRequire(import.meta.url);
  let main: string;
  try {
    main = require.resolve("@tensorflow/tfjs-backend-wasm");
  } catch {
    return undefined;
  }
  const tf: Tfjs = require("@tensorflow/tfjs");
  // Says no hello and checks no numbers: the fastest that it has.
  tf.enableProdMode();
  const wasm: TfjsWasm = require(main);
  wasm.setWasmPaths(dirname(main) + sep);
  return tf;
}

/** Adam's settings; Kingma and Ba, ICLR 2015. */
export const ADAM = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** A d-h-1 network, ReLU then sigmoid, that learns one example at a time by Adam on the cross-entropy of its logit. */
export class Network {
  readonly #tf: Tfjs;
  readonly #shape: Shape;
  readonly #hidden: Variable;
  readonly #hiddenBias: Variable;
  readonly #out: Variable;
  readonly #outBias: Variable;
  readonly #adam: Optimizer;

  constructor(tf: Tfjs, shape: Shape, { W, u, c }: Weights) {
    this.#tf = tf;
    this.#shape = shape;
    const variable = (rows: number[][]) => tf.variable(tf.tensor2d(rows));
    this.#hidden = variable(
      Array.from({ length: shape.d }, (_, j) => W.map((row) => row[j + 1] ?? Number.NaN)),
    );
    this.#hiddenBias = variable([W.map((row) => row[0] ?? Number.NaN)]);
    this.#out = variable(u.map((weight) => [weight]));
    this.#outBias = variable([[c]]);
    this.#adam = tf.train.adam(ADAM.rate, ADAM.beta1, ADAM.beta2, ADAM.epsilon);
  }

  /** The probability of a positive. */
  predict(x: number[]): number {
    const tf = this.#tf;
    return tf.tidy(() => tf.sigmoid(this.#logit(tf.tensor2d([x]))).dataSync()[0] ?? Number.NaN);
  }

  learn(x: number[], y: 0 | 1): void {
    const tf = this.#tf;
    tf.tidy(() => {
      const input = tf.tensor2d([x]);
      const label = tf.tensor2d([[y]]);
      const variables = [this.#hidden, this.#hiddenBias, this.#out, this.#outBias];
      this.#adam.minimize(() => tf.losses.sigmoidCrossEntropy(label, this.#logit(input)), false, variables);
    });
  }

  weights(): Weights {
    const { d, h } = this.#shape;
    const hidden = Array.from(this.#hidden.dataSync());
    const biases = Array.from(this.#hiddenBias.dataSync());
    const W = biases.map((bias, i) => [
      bias,
      ...Array.from({ length: d }, (_, j) => hidden[j * h + i] ?? Number.NaN),
    ]);
    return { W, u: Array.from(this.#out.dataSync()), c: this.#outBias.dataSync()[0] ?? Number.NaN };
  }

  dispose(): void {
    for (const variable of [this.#hidden, this.#hiddenBias, this.#out, this.#outBias]) variable.dispose();
    this.#adam.dispose();
  }

  #logit(input: Tensor): Tensor {
    const tf = this.#tf;
    const hidden = tf.relu(tf.matMul(input, this.#hidden).add(this.#hiddenBias));
    return tf.matMul(hidden, this.#out).add(this.#outBias);
  }
}

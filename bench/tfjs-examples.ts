import { Random } from "../src/cli/random.ts";

/** A number of features and hidden units. */
export interface Shape {
  d: number;
  h: number;
}

/** The parameters of a d-h-1 network: `W` has a row [bias, w1..wd] for each hidden unit. */
export interface Weights {
  W: number[][];
  u: number[];
  c: number;
}

/**
 * First weights as docs/kernel.md has them for `mlp`: mulberry32 from `seed`, row by row, (2r-1)·√(6/d) without the
 * biases, then (2r-1)·√(1/h); rounded to f32.
 */
export function initialWeights({ d, h }: Shape, seed: number): Weights {
  const random = new Random(seed);
  const draw = (bound: number) => Math.fround((2 * random.next() - 1) * bound);
  const W = Array.from({ length: h }, () => [0, ...Array.from({ length: d }, () => draw(Math.sqrt(6 / d)))]);
  const u = Array.from({ length: h }, () => draw(Math.sqrt(1 / h)));
  return { W, u, c: 0 };
}

/** One example: `x` without the bias. */
export interface Example {
  x: number[];
  y: 0 | 1;
}

/**
 * Examples without end, of which one line through the features' space tells little: mulberry32 from `seed`; per example d
 * draws x = (2r-1)·√3 (mean 0, variance 1) rounded to f32, y = 1 when x1·x2 + x3/2 > 0, and one more draw, below 0.1
 * the label is turned. Only additions, products and a square root, so every engine makes the same ones.
 */
export function* examples(d: number, seed: number): Generator<Example, never> {
  const random = new Random(seed);
  for (;;) {
    const x = Array.from({ length: d }, () => Math.fround((2 * random.next() - 1) * Math.sqrt(3)));
    const [x1 = 0, x2 = 0, x3 = 0] = x;
    const positive = x1 * x2 + x3 / 2 > 0;
    yield { x, y: positive !== random.chance(0.1) ? 1 : 0 };
  }
}

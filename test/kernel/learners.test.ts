import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { examples } from "../../bench/tfjs-examples.ts";
import type { Prior } from "../../src/definition/prior.ts";
import { type Definition, parseDefinition } from "../../src/definition/schema.ts";
import { loadKernel } from "../../src/kernel/node.ts";
import { OfflineModel } from "../../src/kernel/offline.ts";
import { createLearner } from "../reference/learners/create.ts";
import { Scaler } from "../reference/scaler.ts";

type LearnerSource = NonNullable<Parameters<typeof definitionOf>[0]>;

const definitionOf = (learner: object, features = 6): Definition =>
  parseDefinition({
    name: "learners",
    events: {},
    models: {
      m: {
        target: { examples: ["e"], positive: ["e"] },
        features: Array.from({ length: features }, (_, i) => ({ kind: "number", path: `x${i}` })),
        learner,
      },
    },
  });

const modelOf = (learner: LearnerSource, features = 6, prior?: Prior) =>
  new OfflineModel(loadKernel(), definitionOf(learner, features), "m", prior);

/** A prior that says nothing but that the features are standardised already. */
const plainPrior = (features: number, weights = 0): Prior => {
  const row = (first: number, rest: number) => [first, ...Array<number>(features).fill(rest)];
  const models = { m: { weights: row(0, weights), means: row(0, 0), variances: row(1, 1) } };
  return { definition: "learners", fingerprint: "", version: "test", models };
};

const learners: [string, LearnerSource][] = [
  ["sgd", { kind: "sgd", rate: 0.05, l1: 0.0005, l2: 0.001 }],
  ["adamw", { kind: "adamw" }],
  ["ftrl", { kind: "ftrl", alpha: 0.3, l1: 0.05, l2: 0.1 }],
  ["coin", { kind: "coin" }],
  ["bayes", { kind: "bayes", variance: 0.2, forget: 0.005 }],
  ["mlp", { kind: "mlp", hidden: 6, seed: 7 }],
  ["mlp with dropout", { kind: "mlp", hidden: 5, dropout: 0.3, seed: 3 }],
  [
    "ensemble",
    { kind: "ensemble", of: [{ kind: "coin" }, { kind: "bayes" }, { kind: "mlp", hidden: 4 }], eta: 0.7 },
  ],
];

interface Row {
  x: Float32Array;
  y: 0 | 1;
}

/** Examples from a seed: two features matter, one is always 0, one is sometimes missing. */
function rows(count: number, width: number, seed = 1): Row[] {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  return Array.from({ length: count }, () => {
    const x = new Float32Array(width).fill(Number.NaN);
    for (let j = 1; j <= 6; j++) x[j] = (uniform() - 0.5) * 10 ** (j - 3) + (j > 2 ? j : 0);
    x[3] = 0;
    if (uniform() < 0.2) x[4] = Number.NaN;
    const logit = 600 * (x[1] ?? 0) + 30 * (x[2] ?? 0);
    return { x, y: uniform() < 1 / (1 + Math.exp(-logit)) ? 1 : 0 };
  });
}

describe.each(learners)("the learner %s", (_, learner) => {
  it("agrees with the reference, example by example", () => {
    const model = modelOf(learner);
    const source = definitionOf(learner).models.m?.learner;
    if (source === undefined) throw new Error("a learner was expected");
    const reference = createLearner(source, 7);
    const scaler = new Scaler(7);
    for (const { x, y } of rows(400, model.width)) {
      const values = [1, ...x.subarray(1, 7)];
      const input = () => ({ x: values, z: scaler.scale(values) });
      const expected = reference.predict(input()).probability;
      expect(Math.abs(model.learn(x, y) - expected)).toBeLessThan(2e-3);
      scaler.learn(values);
      reference.learn(input(), y);
    }
  });

  it("learns: its loss ends below that of the base rate", () => {
    const model = modelOf(learner);
    let loss = 0;
    const late = rows(1500, model.width).slice(-500);
    for (const { x, y } of rows(1000, model.width)) model.learn(x, y);
    for (const { x, y } of late) loss -= Math.log(Math.abs(1 - y - model.predict(x))) / late.length;
    expect(loss).toBeLessThan(0.6);
  });

  it("gives the same bytes each time, and changes nothing by predicting", () => {
    const once = modelOf(learner);
    const again = modelOf(learner);
    for (const { x, y } of rows(200, once.width)) {
      once.learn(x, y);
      again.predict(x);
      again.learn(x, y);
      again.predict(x);
    }
    expect(again.state()).toEqual(once.state());
  });

  it("goes on from its bytes as if it had never stopped", () => {
    const whole = modelOf(learner);
    const first = modelOf(learner);
    const second = modelOf(learner);
    const examples = rows(200, whole.width);
    for (const { x, y } of examples) whole.learn(x, y);
    for (const { x, y } of examples.slice(0, 120)) first.learn(x, y);
    second.restore(first.state());
    for (const { x, y } of examples.slice(120)) second.learn(x, y);
    expect(second.state()).toEqual(whole.state());
  });

  it("is untouched by a feature that is always 0", () => {
    const model = modelOf(learner);
    for (const { x, y } of rows(300, model.width)) model.learn(x, y);
    const [{ x }] = rows(1, model.width, 99) as [Row];
    const before = model.predict(x);
    // The third feature has only ever been 0: it says nothing, whatever it is now. Coin betting has no scale to hold
    // it back but has bet nothing on it either.
    x[3] = 1;
    expect(Math.abs(model.predict(x) - before)).toBeLessThan(0.05);
  });

  it("stays finite on numbers from the ends of the scale", () => {
    const model = modelOf(learner);
    const ends = [3.4e38, -3.4e38, 1e-45, 0, Number.NaN, 1e15, -1e-15, 1];
    for (let i = 0; i < 300; i++) {
      const x = Float32Array.from({ length: model.width }, (_, j) => ends[(i * 7 + j * 3) % 8] ?? 0);
      expect(Number.isFinite(model.learn(x, i % 3 === 0 ? 1 : 0))).toBe(true);
    }
  });
});

describe("learners over a prior", () => {
  it.each(["sgd", "adamw", "bayes"] as const)("%s begins with the prior's weights", (kind) => {
    const model = modelOf({ kind }, 3, plainPrior(3, 0.5));
    const x = Float32Array.of(1, 1, 1, 1);
    // Bayes is unsure of its own effect, which moderates the prior.
    const moderated = kind === "bayes" ? Math.sqrt(1 + (Math.PI * 0.4) / 8) : 1;
    expect(model.predict(x)).toBeCloseTo(1 / (1 + Math.exp(-1.5 / moderated)), 6);
  });

  it("keeps the prior's scaling, whatever the user's features are", () => {
    const model = modelOf({ kind: "bayes" }, 3, plainPrior(3));
    for (let i = 0; i < 50; i++) model.learn(Float32Array.of(1, 100 + i, 0, 0), 1);
    expect([...model.scaling().counts]).toEqual([0, 0, 0, 0]);
  });
});

interface Golden {
  cases: {
    d: number;
    h: number;
    seed: number;
    examplesSeed: number;
    rate: number;
    epsilon: number;
    predictions: { step: number; probability: number }[];
  }[];
}

describe("the mlp", () => {
  const golden: Golden = JSON.parse(readFileSync(new URL("./golden/mlp-tfjs.json", import.meta.url), "utf8"));

  it.each(golden.cases)(
    "follows tfjs step by step, $d-$h-1",
    ({ d, h, seed, examplesSeed, rate, epsilon, predictions }) => {
      const model = modelOf({ kind: "mlp", hidden: h, rate, decay: 0, epsilon, seed }, d, plainPrior(d));
      const expected = new Map(predictions.map(({ step, probability }) => [step, probability]));
      const stream = examples(d, examplesSeed);
      for (let step = 1; step <= 1000; step++) {
        const { x, y } = stream.next().value;
        const vector = new Float32Array(model.width).fill(Number.NaN);
        vector.set([1, ...x]);
        const p = model.learn(vector, y);
        const tfjs = expected.get(step);
        if (tfjs !== undefined) expect(Math.abs(p - tfjs) / tfjs).toBeLessThan(1e-4);
      }
    },
  );
});

import { describe, expect, it } from "vitest";
import { type LearnerDefinition, parseDefinition } from "../../src/definition/schema.ts";
import { copyOf } from "./copy.ts";
import { AdamW } from "./learners/adamw.ts";
import { Bayes } from "./learners/bayes.ts";
import { Coin } from "./learners/coin.ts";
import { createLearner } from "./learners/create.ts";
import { Ensemble } from "./learners/ensemble.ts";
import { Ftrl } from "./learners/ftrl.ts";
import { type Input, type Learner, sigmoid } from "./learners/learner.ts";
import { Mlp } from "./learners/mlp.ts";
import { Sgd } from "./learners/sgd.ts";
import { Mulberry32 } from "./random.ts";

const adam = { rate: 0.01, decay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const network = { ...adam, hidden: 4, dropout: 0, seed: 1 };

/** Features that need no scaling. */
function input(...values: number[]): Input {
  return { x: [1, ...values], z: [1, ...values] };
}

/** The weights of a linear learner of standardised features. */
function weights(learner: Learner, size: number): number[] {
  const ones = new Array<number>(size).fill(1);
  return learner.contributions({ x: ones, z: ones });
}

function definitionOf(learner: unknown): LearnerDefinition {
  const target = { examples: ["e"], positive: ["e"] };
  const models = { m: { target, features: [{ kind: "hour" }], learner } };
  const model = parseDefinition({ name: "one", events: {}, models }).models.m;
  if (model === undefined) throw new Error("expected the model");
  return model.learner;
}

const single = [
  { kind: "sgd" },
  { kind: "adamw" },
  { kind: "ftrl" },
  { kind: "coin" },
  { kind: "bayes" },
  { kind: "mlp", dropout: 0.2 },
];
const all = [...single, { kind: "ensemble", of: single.slice(2) }];

// What holds for every learner.
describe.each(all.map((definition): [string, unknown] => [definition.kind, definition]))(
  "%s",
  (_, source) => {
    const definition = definitionOf(source);
    const sample = (random: Mulberry32) => {
      const values = [2 * random.next() - 1, 2 * random.next() - 1];
      return { example: input(...values), y: (values[0] ?? 0) + (values[1] ?? 0) > 0 ? 1 : 0 };
    };

    it("learns a separable problem", () => {
      const random = new Mulberry32(5);
      const learner = createLearner(definition, 3);
      for (let i = 0; i < 5000; i++) {
        const { example, y } = sample(random);
        learner.learn(example, y);
      }
      let right = 0;
      for (let i = 0; i < 1000; i++) {
        const { example, y } = sample(random);
        if (learner.predict(example).probability > 0.5 === (y === 1)) right += 1;
      }
      expect(right).toBeGreaterThan(960);
    });

    it("changes nothing by predicting and explaining, and nothing of what it was copied from", () => {
      const random = new Mulberry32(6);
      const learner = createLearner(definition, 3);
      const other = createLearner(definition, 3);
      for (let i = 0; i < 50; i++) {
        const { example, y } = sample(random);
        learner.predict(example);
        learner.contributions(input(9, -9));
        copyOf(learner).learn(input(9, -9), y);
        learner.learn(example, y);
        other.learn(example, y);
      }
      const probe = input(0.3, -0.4);
      expect(learner.predict(probe)).toEqual(other.predict(probe));
      expect(copyOf(learner).predict(probe)).toEqual(learner.predict(probe));
    });

    it("stays finite on values as large as scaling lets them be", () => {
      const learner = createLearner(definition, 3);
      for (let i = 0; i < 200; i++) learner.learn(input(i % 3 === 0 ? 1e6 : -1, -1e6), i % 2);
      const { probability, sd } = learner.predict(input(1e6, 1e6));
      expect(Number.isFinite(probability) && Number.isFinite(sd)).toBe(true);
      for (const value of learner.contributions(input(1, 1))) expect(value).toSatisfy(Number.isFinite);
    });

    if (definition.kind !== "ensemble" && definition.kind !== "bayes") {
      it("has contributions that add up to the logit", () => {
        const random = new Mulberry32(8);
        const learner = createLearner(definition, 3);
        for (let i = 0; i < 100; i++) {
          const { example, y } = sample(random);
          const logit = learner.contributions(example).reduce((sum, value) => sum + value, 0);
          expect(learner.predict(example).probability).toBeCloseTo(sigmoid(logit), 12);
          learner.learn(example, y);
        }
      });
    }
  },
);

describe("sgd", () => {
  it("shrinks all weights but the bias", () => {
    const learner = new Sgd(3, { rate: 0.1, biasRate: 0.2, l1: 0.3, l2: 0.5 }, [1, 1, 0.01]);
    learner.learn(input(0, 0), 0);
    const [bias, shrunk, gone] = weights(learner, 3);
    expect(bias).toBeCloseTo(1 - 0.2 * sigmoid(1), 12);
    expect(shrunk).toBeCloseTo(1 - 0.1 * 0.5 - 0.1 * 0.3, 12);
    expect(gone).toBe(0);
  });
});

describe("adamw", () => {
  it("makes steps of the paper's size", () => {
    const learner = new AdamW(2, adam, [0, 1]);
    learner.learn(input(-2), 1);
    // At the first step m̂/√v̂ is the sign of the gradient; decay is taken from the weight before.
    const [bias = NaN, weight = NaN] = weights(learner, 2);
    expect(bias).toBeCloseTo(0.01, 8);
    expect(weight).toBeCloseTo(1 - 0.01 * 0.1 - 0.01, 8);
    learner.learn(input(0), 0);
    // The gradient is 0 now: m̂ = .9·.1·g/(1 − .81), v̂ = .999·.001·g²/(1 − .999²).
    const step = ((0.09 / 0.19) * 0.01) / Math.sqrt(0.000999 / (1 - 0.998001));
    expect(weights(learner, 2)[1]).toBeCloseTo(weight * 0.999 - step, 8);
  });
});

describe("ftrl", () => {
  it("has the weights of the paper's closed form", () => {
    const learner = new Ftrl(2, { alpha: 0.1, beta: 1, l1: 0.4, l2: 2 });
    learner.learn(input(3), 1);
    // g = −½, so a = −½ and −1½, n = ¼ and 2¼. The bias has no penalty.
    const [bias, weight] = weights(learner, 2);
    expect(bias).toBeCloseTo(0.5 / (1.5 / 0.1), 12);
    expect(weight).toBeCloseTo((1.5 - 0.4) / (2.5 / 0.1 + 2), 12);
  });
});

describe("coin", () => {
  it("bets as Vowpal Wabbit does", () => {
    const learner = new Coin(2, { alpha: 4 });
    expect(learner.predict(input(2)).probability).toBe(0.5);
    learner.learn(input(2), 1);
    // Z = ½ and 1, G the same, R = 0, M = 1 and 2. The next x is twice the largest: M = 4.
    const bias = (4 / (1 * (1 + 0.5))) * 0.5;
    const weight = (4 / (4 * (4 + 1))) * 1;
    const meanNorm = (2 + 2 + 1e-6) / 2;
    const logit = (bias + weight * 4) / meanNorm;
    expect(learner.predict(input(4)).probability).toBeCloseTo(sigmoid(logit), 12);
    learner.learn(input(4), 0);
    // g = p, and both bets lost: R = −g·w and −4g·w.
    const g = sigmoid(logit);
    const biasNow = ((4 - g * bias) / (1 * (1 + 0.5 + g))) * (0.5 - g);
    const norm = (4 + 1 + 1e-6) / 3;
    expect(learner.contributions(input(0))).toEqual([expect.closeTo(biasNow / norm, 12), 0]);
  });

  it("takes what is missing as 0", () => {
    const learner = new Coin(2, { alpha: 4 });
    learner.learn(input(NaN), 1);
    expect(learner.predict(input(NaN))).toEqual(learner.predict(input(0)));
  });
});

describe("bayes", () => {
  it("is the prior before it has seen anything, and returns to it when it forgets", () => {
    const prior = [0.5, -1];
    const learner = new Bayes(2, { variance: 0.1, forget: 0.5 }, prior);
    expect(weights(learner, 2)).toEqual(prior);
    for (let i = 0; i < 50; i++) learner.learn(input(1), 1);
    expect(weights(learner, 2)[1]).toBeGreaterThan(-1);
    for (let i = 0; i < 50; i++) learner.learn({ x: [0, 0], z: [0, 0] }, 1);
    expect(weights(learner, 2)).toEqual([expect.closeTo(0.5, 9), expect.closeTo(-1, 9)]);
  });

  it("makes, for one weight, the update of the precision evaluated directly", () => {
    const learner = new Bayes(1, { variance: 2, forget: 0 });
    learner.learn(input(), 1);
    // 1/S' = 1/S + h, m' = S'·(y − p), at p = 1/2.
    const variance = 1 / (1 / 2 + 1 / 4);
    expect(weights(learner, 1)[0]).toBeCloseTo(variance / 2, 12);
    const kept = 1 / Math.sqrt(1 + (Math.PI * variance) / 8);
    expect(learner.predict(input()).probability).toBeCloseTo(sigmoid((kept * variance) / 2), 12);
  });

  it("knows its deviation by the delta method, within what a probability can vary", () => {
    const kept = 1 / Math.sqrt(1 + (Math.PI * 0.1) / 8);
    const certain = new Bayes(1, { variance: 0.1, forget: 0 }, [4]).predict(input());
    expect(certain.sd).toBeCloseTo(certain.probability * (1 - certain.probability) * Math.sqrt(0.1), 12);
    const open = new Bayes(1, { variance: 0.1, forget: 0 }).predict(input());
    expect(open.sd).toBeCloseTo(Math.sqrt(0.25 * (1 - kept)), 12);
  });
});

describe("mlp", () => {
  it("starts as its seed says", () => {
    for (let seed = 1; seed < 20; seed++) {
      const random = new Mulberry32(seed);
      const first = (2 * random.next() - 1) * Math.sqrt(6);
      const output = 2 * random.next() - 1;
      const learner = new Mlp(2, { ...network, hidden: 1, seed });
      const contributions = learner.contributions(input(2));
      expect(contributions[0]).toBeCloseTo(0, 12);
      expect(contributions[1]).toBeCloseTo(output * Math.max(0, first * 2), 12);
    }
  });

  it("makes its first step against the gradient, with dropout as drawn", () => {
    for (let seed = 1; seed < 40; seed++) {
      const random = new Mulberry32(seed);
      const first = (2 * random.next() - 1) * Math.sqrt(6);
      const output = 2 * random.next() - 1;
      const active = first > 0 && random.next() >= 0.5;
      const learner = new Mlp(2, { ...network, hidden: 1, decay: 0, dropout: 0.5, seed });
      learner.learn(input(1), 0);
      // y = 0 draws the logit down: each parameter moves by the rate, those that gave nothing stay.
      const step = active ? 0.01 : 0;
      const movedFirst = first - Math.sign(output) * step;
      const movedBias = -Math.sign(output) * step;
      const value = Math.max(0, movedBias + movedFirst) * (output - step) - 0.01;
      const logit = learner.contributions(input(1)).reduce((sum, one) => sum + one, 0);
      expect(logit).toBeCloseTo(value, 6);
    }
  });

  it("finds a boundary that is no line", () => {
    const random = new Mulberry32(9);
    const learner = new Mlp(3, { ...network, hidden: 10, decay: 0 });
    let right = 0;
    for (let i = 0; i < 6000; i++) {
      const values = [2 * random.next() - 1, 2 * random.next() - 1];
      const y = (values[0] ?? 0) * (values[1] ?? 0) > 0 ? 1 : 0;
      if (i >= 5000 && learner.predict(input(...values)).probability > 0.5 === (y === 1)) right += 1;
      learner.learn(input(...values), y);
    }
    expect(right).toBeGreaterThan(930);
  });
});

describe("ensemble", () => {
  const still = { rate: 0, biasRate: 0, l1: 0, l2: 0 };

  it("weighs its members by the exponential of their losses", () => {
    const members = [Math.log(4), -Math.log(4)].map((bias) => new Sgd(1, still, [bias]));
    const learner = new Ensemble(members, { eta: 0.5 });
    // The members say .8 and .2; at first they weigh the same.
    expect(learner.predict(input())).toEqual({ probability: 0.5, sd: expect.closeTo(0.3, 12) });
    learner.learn(input(), 1);
    learner.learn(input(), 1);
    // Losses −2·ln .8 and −2·ln .2: the weights are as .8 to .2.
    const { probability, sd } = learner.predict(input());
    expect(probability).toBeCloseTo(0.68, 12);
    expect(sd).toBeCloseTo(Math.sqrt(0.8 * 0.12 ** 2 + 0.2 * 0.48 ** 2), 12);
    expect(learner.contributions(input())[0]).toBeCloseTo(0.6 * Math.log(4), 12);
  });

  it("survives losses whose exponentials are 0", () => {
    const learner = new Ensemble(
      [5, -5].map((bias) => new Sgd(1, still, [bias])),
      { eta: 1 },
    );
    for (let i = 0; i < 1000; i++) learner.learn(input(), i % 10 === 0 ? 0 : 1);
    expect(learner.predict(input()).probability).toBeCloseTo(sigmoid(5), 12);
  });
});

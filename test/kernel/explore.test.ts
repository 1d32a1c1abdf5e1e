import { describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/definition/schema.ts";
import type { Event } from "../../src/events/event.ts";
import { type Exploration, explore, type Question, rank } from "../../src/kernel/rank.ts";
import { KernelFold } from "./kernel.ts";

const START = Date.UTC(2026, 0, 1);

const definition = (learner: object) =>
  parseDefinition({
    name: "explore",
    events: { shown: {}, liked: {} },
    models: {
      like: {
        target: { examples: ["shown", "liked"], positive: ["liked"] },
        features: [{ kind: "category", path: "item", width: 16 }],
        learner,
      },
    },
  });

const event = (i: number, name: string, item: string): Event => ({
  id: `e${i}`,
  user: "u",
  name,
  time: START + i,
  receivedAt: START,
  properties: { item },
});

const candidates = ["a", "b", "c", "rare"].map((item) => ({ id: item, properties: { item } }));

/** A user who likes b more than a and c, and has hardly met "rare". */
function fold(learner: object): { fold: KernelFold; question: Question } {
  const fold = new KernelFold(definition(learner));
  const rate = { a: 3, b: 7, c: 3, rare: 5 };
  fold.fold(
    Array.from({ length: 90 }, (_, i) => {
      const item = i === 30 || i === 61 ? "rare" : ((["a", "b", "c"] as const)[i % 3] ?? "a");
      return event(i, (i * 7919) % 10 < rate[item] ? "liked" : "shown", item);
    }),
  );
  const question = {
    compiled: fold.compiled,
    state: fold.state.kernel,
    trait: () => undefined,
    at: START + 1e6,
    model: 0,
  };
  return { fold, question };
}

const bayes = { kind: "bayes", variance: 1, forget: 0 };

describe("exploration", () => {
  const { fold: user, question } = fold(bayes);
  const explored = (how: Exploration, seed: number) => explore(user.kernel, question, candidates, how, seed);

  it("orders greedily by the log-odds, and its choice is certain", () => {
    const scores = rank(user.kernel, question, candidates, false).map(({ score }) => score);
    const greedy = explored("greedy", 1);
    expect(greedy.map(({ propensity }) => propensity)).toEqual([0, 1, 0, 0]);
    expect(scores.indexOf(Math.max(...scores))).toBe(1);
  });

  it("repeats a draw from the same seed, and draws otherwise from others", () => {
    expect(explored("thompson", 5)).toEqual(explored("thompson", 5));
    const firsts = new Set(
      Array.from({ length: 50 }, (_, seed) => {
        const orders = explored("thompson", seed).map(({ order }) => order);
        return orders.indexOf(Math.max(...orders));
      }),
    );
    expect(firsts.size).toBeGreaterThan(1);
  });

  it("states propensities that are how often a candidate comes first", () => {
    const wins = [0, 0, 0, 0];
    const seeds = 400;
    for (let seed = 0; seed < seeds; seed++) {
      const orders = explored("thompson", seed).map(({ order }) => order);
      const first = orders.indexOf(Math.max(...orders));
      wins[first] = (wins[first] ?? 0) + 1;
    }
    const stated = explored("thompson", 12345).map(({ propensity }) => propensity);
    expect(stated.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    stated.forEach((p, i) => {
      expect(Math.abs(p - (wins[i] ?? 0) / seeds)).toBeLessThan(0.12);
    });
    // What is hardly known gets its chance.
    expect(stated[3]).toBeGreaterThan(0.02);
  });

  it("adds to a score what is not known of it", () => {
    const greedy = explored("greedy", 1).map(({ order }) => order);
    const ucb = explored("ucb", 1).map(({ order }) => order);
    ucb.forEach((order, i) => {
      expect(order).toBeGreaterThan(greedy[i] ?? Number.NaN);
    });
  });

  it("draws a member of an ensemble by its share", () => {
    const { fold: mixed, question } = fold({ kind: "ensemble", of: [bayes, { kind: "sgd" }], eta: 0.05 });
    const drawn = explore(mixed.kernel, question, candidates, "thompson", 3);
    expect(drawn.reduce((sum, { propensity }) => sum + propensity, 0)).toBeCloseTo(1, 6);
    expect(Math.max(...drawn.map(({ propensity }) => propensity))).toBeLessThan(1);
  });

  it("ranks greedily where a learner has no posterior", () => {
    const { fold: certain, question } = fold({ kind: "sgd" });
    const [, b] = explore(certain.kernel, question, candidates, "thompson", 3);
    expect(b?.propensity).toBe(1);
  });
});

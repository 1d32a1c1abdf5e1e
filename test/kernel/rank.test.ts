import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Definition, parseDefinition } from "../../src/definition/schema.ts";
import type { JsonObject } from "../../src/events/event.ts";
import { explore, type Question, rank } from "../../src/kernel/rank.ts";
import { KernelFold } from "./kernel.ts";
import { events, everything, hostile, ordinary } from "./stream.ts";

const HOUR = 3_600_000;

/** Every feature there is, in an order that puts none of them where four could be read at once. */
const features = [
  { kind: "number", path: "price", scale: "log" },
  { kind: "category", path: "category", width: 5 },
  { kind: "number", path: "amount" },
  { kind: "count", window: "24h", event: "view" },
  { kind: "affinity", dimension: "category" },
  { kind: "number", path: "rating" },
  { kind: "number", path: "size" },
  { kind: "recency", event: "buy" },
  { kind: "affinity", dimension: "brand" },
  { kind: "hour" },
  { kind: "trait", trait: "age" },
  { kind: "trait", trait: "plan", width: 3 },
  { kind: "category", path: "brand", width: 2 },
  { kind: "number", path: "value", scale: "log" },
];

const learners = [
  { kind: "sgd" },
  { kind: "adamw" },
  { kind: "ftrl" },
  { kind: "coin" },
  { kind: "bayes" },
  { kind: "mlp", hidden: 3 },
  { kind: "ensemble", of: [{ kind: "coin" }, { kind: "bayes" }] },
];

const withLearner = (learner: object): Definition =>
  parseDefinition({
    ...everything,
    models: { m: { target: { examples: ["view", "buy"], positive: ["buy"] }, features, learner } },
  });

const question = (fold: KernelFold, at: number): Question => ({
  compiled: fold.compiled,
  state: fold.state.kernel,
  trait: (name) => fold.state.traits.get(name)?.value,
  at,
  model: 0,
});

describe("candidates that are scored together", () => {
  it.each(learners)("have the bits that each has alone: $kind", (learner) => {
    const definition = withLearner(learner);
    fc.assert(
      fc.property(
        events(fc.oneof(ordinary, hostile), 80),
        fc.integer({ min: 1, max: 70 }),
        (stream, count) => {
          fc.pre(stream.length > 0);
          const fold = new KernelFold(definition);
          fold.fold(stream);
          const asked = question(fold, (stream.at(-1)?.time ?? 0) + HOUR);
          const candidates = Array.from({ length: count }, (_, i): { properties: JsonObject } => ({
            properties: stream[(i * 7) % stream.length]?.properties ?? {},
          }));
          for (const explain of [false, true]) {
            const together = rank(fold.kernel, asked, candidates, explain);
            const alone = candidates.flatMap((one) => rank(fold.kernel, asked, [one], explain));
            expect(together).toEqual(alone);
          }
          const together = explore(fold.kernel, asked, candidates, "ucb", 1);
          const alone = candidates.flatMap((one) => explore(fold.kernel, asked, [one], "ucb", 1));
          expect(together.map(({ order }) => order)).toEqual(alone.map(({ order }) => order));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("leave nothing of themselves to those who come after", () => {
    const fold = new KernelFold(withLearner({ kind: "bayes" }));
    const [start, full] = [Date.UTC(2026, 0, 1), { price: 5, category: "a", brand: "x", amount: 2, size: 3 }];
    fold.fold(
      Array.from({ length: 90 }, (_, i) => ({
        id: `e${i}`,
        user: "u",
        name: i % 3 === 0 ? "buy" : "view",
        time: start + i * HOUR,
        receivedAt: start,
        properties: { ...full, price: i, amount: i % 7, category: "abc"[i % 3] ?? "a" },
      })),
    );
    const asked = question(fold, start + 100 * HOUR);
    const candidates = Array.from({ length: 40 }, (_, i) => ({ properties: i < 20 ? full : {} }));
    const scores = rank(fold.kernel, asked, candidates, false).map(({ score }) => score);
    const [empty] = rank(fold.kernel, asked, [{ properties: {} }], false);
    expect(new Set(scores.slice(20))).toEqual(new Set([empty?.score]));
    expect(scores[0]).not.toBe(empty?.score);
  });
});

it("what is missing has the same bits on every machine", () => {
  const paths = ["price", "amount", "rating", "size", "value"];
  const numbers = paths.map((path) => ({ kind: "number", path }));
  const fold = new KernelFold(
    parseDefinition({
      ...everything,
      models: {
        m: {
          target: { examples: ["view"], positive: ["buy"], within: "1d" },
          features: [...numbers, { kind: "number", path: "price", scale: "log" }],
        },
      },
    }),
  );
  const time = Date.UTC(2026, 0, 1);
  fold.fold([{ id: "e", user: "u", name: "view", time, receivedAt: time, properties: {} }]);
  // The vector that the state now keeps until the example ends.
  const { words, layout } = fold.kernel;
  const raw = words.slice((layout.RAW >> 2) + 1, (layout.RAW >> 2) + 2 + numbers.length);
  expect(Array.from(raw, (word) => word.toString(16))).toEqual(Array(6).fill("7fc00000"));
});

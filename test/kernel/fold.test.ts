import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Definition } from "../../src/definition/schema.ts";
import type { Event, JsonObject } from "../../src/events/event.ts";
import type { View } from "../../src/kernel/view.ts";
import { packState, unpackState } from "../../src/profile/state.ts";
import { ReferenceFold } from "../reference/fold.ts";
import { KernelFold } from "./kernel.ts";
import { events, everything, hostile, ordinary } from "./stream.ts";

interface Fold {
  fold(events: readonly Event[]): void;
  view(at: number): View;
  rank(
    candidates: { id: string; properties: JsonObject }[],
    at: number,
    model: string,
  ): {
    score: number;
    sd: number;
    contributions: { feature: string; value: number }[];
  }[];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);

let serial = 0;
const event = (name: string, time: number, properties: JsonObject = {}, traits?: JsonObject): Event => ({
  id: `e${serial++}`,
  user: "u",
  name,
  time,
  receivedAt: time,
  properties,
  ...(traits === undefined ? {} : { traits }),
});

// One suite of cases for both implementations of `docs/kernel.md`.
describe.each([
  ["the kernel", (definition: Definition): Fold => new KernelFold(definition)],
  ["the reference", (definition: Definition): Fold => new ReferenceFold(definition)],
])("%s", (_, create) => {
  it("knows nothing of a new user", () => {
    const fold = create(everything);
    const view = fold.view(START);
    expect(view.events).toBe(0);
    expect(view.firstSeen).toBeNull();
    expect(view.numbers.price).toEqual({
      count: 0,
      sum: 0,
      mean: null,
      sd: null,
      min: null,
      max: null,
      median: null,
      last: null,
      clipped: 0,
    });
    expect(view.interests.category).toEqual({ total: 0, top: [] });
    expect(view.windows["1h"]).toEqual({ events: 0, value: 0, counts: {} });
    expect(view.scores.step?.probability).toBe(0.5);
  });

  it("keeps count, sum, mean, deviation, extremes, median and the last of a number", () => {
    const fold = create(everything);
    fold.fold([3, 1, 2, 10].map((price, i) => event("view", START + i, { price })));
    const price = fold.view(START + DAY).numbers.price;
    expect(price).toMatchObject({ count: 4, sum: 16, mean: 4, min: 1, max: 10, median: 2.5, last: 10 });
    expect(price?.sd).toBeCloseTo(Math.sqrt(12.5), 12);
  });

  it("lets a number with a half-life forget", () => {
    const fold = create(everything);
    fold.fold([event("view", START, { rating: 1 }), event("view", START + 2 * DAY, { rating: 4 })]);
    // The first weighs a half of the second.
    expect(fold.view(START + 2 * DAY).numbers.rating?.mean).toBeCloseTo(3, 12);
  });

  it("halves an interest in each half-life", () => {
    const fold = create(everything);
    fold.fold([event("view", START, { category: "a" }), event("buy", START + 3 * DAY, { category: "b" })]);
    const view = fold.view(START + 6 * DAY).interests.category;
    expect(view?.top.map(({ key }) => key)).toEqual(["b", "a"]);
    expect(view?.top[0]?.weight).toBeCloseTo(2.5, 12);
    expect(view?.top[1]?.weight).toBeCloseTo(0.25, 12);
    expect(view?.total).toBeCloseTo(2.75, 12);
  });

  it("lets a newcomer take the place of the lightest interest, with its weight as error", () => {
    const fold = create(everything);
    const keys = ["a", "b", "c", "d", "b", "c", "d", "e"];
    fold.fold(keys.map((category) => event("view", START, { category })));
    const top = fold.view(START).interests.category?.top ?? [];
    expect(top.map(({ key, weight, error }) => [key, weight, error])).toEqual([
      ["b", 2, 0],
      ["c", 2, 0],
      ["d", 2, 0],
      ["e", 2, 1],
    ]);
  });

  it("counts events and values in sliding windows", () => {
    const fold = create(everything);
    fold.fold([
      event("view", START, { value: 5 }),
      event("buy", START + 30 * 60_000, { money: { total: 7 } }),
      event("Something Else", START + 2 * HOUR),
    ]);
    const at = (time: number) => fold.view(time).windows;
    expect(at(START + 2 * HOUR)["1h"]).toEqual({ events: 1, value: 0, counts: {} });
    expect(at(START + 2 * HOUR)["24h"]).toEqual({ events: 3, value: 12, counts: { view: 1, buy: 1 } });
    expect(at(START + 3 * DAY)["24h"]).toEqual({ events: 0, value: 0, counts: {} });
    expect(at(START + 3 * DAY)["7d"]?.events).toBe(3);
  });

  it("counts the items of an event as its parts", () => {
    const fold = create(everything);
    fold.fold([
      event("buy", START, {
        value: 9,
        products: [{ category: "a", price: 4 }, { category: "b", price: 5 }, {}, 3],
      }),
    ]);
    const view = fold.view(START);
    expect(view.events).toBe(1);
    expect(view.numbers.price).toMatchObject({ count: 2, sum: 9 });
    expect(view.interests.category?.top).toHaveLength(2);
    expect(view.windows["1h"]).toEqual({ events: 1, value: 9, counts: { buy: 1 } });
    expect(view.scores.step).toMatchObject({ examples: 2, positives: 2 });
  });

  it("learns what leads to a positive, and ranks by it", () => {
    const fold = create(everything);
    const stream = Array.from({ length: 400 }, (_, i) => {
      const cheap = (i * i * 7) % 11 < 4;
      return event(cheap ? "buy" : "view", START + i * 60_000, {
        price: cheap ? 10 : 90,
        brand: cheap ? "x" : "y",
      });
    });
    fold.fold(stream);
    for (const model of ["step", "belief"]) {
      const [cheap, dear] = fold.rank(
        [
          { id: "cheap", properties: { price: 10, brand: "x" } },
          { id: "dear", properties: { price: 90, brand: "y" } },
        ],
        START + 400 * 60_000,
        model,
      );
      expect(cheap?.score).toBeGreaterThan(0.7);
      expect(dear?.score).toBeLessThan(0.3);
    }
  });

  it("explains a score by contributions that add up to its log-odds", () => {
    const fold = create(everything);
    fold.fold(
      Array.from({ length: 60 }, (_, i) =>
        event(i % 4 === 0 ? "buy" : "view", START + i * HOUR, { price: i, category: "a" }),
      ),
    );
    const [ranked] = fold.rank(
      [{ id: "c", properties: { price: 30, category: "a" } }],
      START + 60 * HOUR,
      "step",
    );
    const sum = ranked?.contributions.reduce((total, { value }) => total + value, 0) ?? Number.NaN;
    expect(ranked?.contributions.map(({ feature }) => feature)).toEqual([
      "bias",
      "number(price)",
      "category(category)",
      "affinity(category)",
      "count(24h, view)",
      "recency(buy)",
      "hour",
      "trait(age)",
      "trait(plan)",
    ]);
    expect(1 / (1 + Math.exp(-sum))).toBeCloseTo(ranked?.score ?? 0, 5);
  });
});

/** All numbers in a value, at any depth. */
function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

/** Expects equality to a relative tolerance, for numbers at any depth. */
function expectClose(actual: unknown, expected: unknown, relative: number, path = ""): void {
  if (typeof expected === "number" && typeof actual === "number") {
    const scale = Math.max(Math.abs(expected), Math.abs(actual), 1e-3);
    if (Math.abs(actual - expected) > relative * scale)
      throw new Error(`${path}: ${actual} is not ${expected}`);
  } else if (
    typeof expected === "object" &&
    expected !== null &&
    typeof actual === "object" &&
    actual !== null
  ) {
    expect(Object.keys(actual).sort(), path).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected))
      expectClose(
        Object.entries(actual).find(([name]) => name === key)?.[1],
        value,
        relative,
        `${path}/${key}`,
      );
  } else expect(actual, path).toEqual(expected);
}

describe("the kernel", () => {
  it("agrees with the reference on any stream", () => {
    fc.assert(
      fc.property(events(ordinary), (stream) => {
        const kernel = new KernelFold(everything);
        const reference = new ReferenceFold(everything);
        kernel.fold(stream);
        reference.fold(stream);
        const at = (stream.at(-1)?.time ?? START) + HOUR;
        const { scores, quality: _, ...exact } = kernel.view(at);
        const { scores: expectedScores, quality: __, ...expected } = reference.view(at);
        expectClose(exact, expected, 1e-9);
        // Learners and their scaling keep f32, and a feature that hardly varies magnifies its rounding.
        for (const [model, score] of Object.entries(scores)) {
          const { probability, examples, positives, trend } = expectedScores[model] ?? score;
          expect(score).toMatchObject({ examples, positives });
          expect(Math.abs(score.probability - probability)).toBeLessThan(0.1);
          expect(Math.abs((score.trend ?? 0) - (trend ?? 0))).toBeLessThan(0.1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("learns as the reference does where the features vary", () => {
    const kernel = new KernelFold(everything);
    const reference = new ReferenceFold(everything);
    const stream = Array.from({ length: 1000 }, (_, i) => {
      const dice = (i * i * 31 + i * 17) % 101;
      const properties = {
        price: 5 + ((i * 37) % 89),
        category: "abcdefg"[dice % 7] ?? "a",
        brand: "xyz"[i % 3] ?? "x",
      };
      return event(dice < 30 ? "buy" : "view", START + i * 7 * 60_000 + dice * 1000, properties);
    });
    kernel.fold(stream);
    reference.fold(stream);
    const at = START + 1000 * 7 * 60_000;
    const candidates = stream.slice(0, 50).map(({ id, properties }) => ({ id, properties }));
    for (const model of ["step", "belief"]) {
      expectClose(kernel.rank(candidates, at, model), reference.rank(candidates, at, model), 2e-3);
    }
    expectClose(kernel.view(at).scores, reference.view(at).scores, 1e-3);
    expectClose(kernel.view(at).quality, reference.view(at).quality, 1e-2);
  });

  it("gives the same bytes however a stream is split into batches", () => {
    fc.assert(
      fc.property(events(ordinary), fc.array(fc.nat(200)), (stream, cuts) => {
        const whole = new KernelFold(everything);
        whole.fold(stream);
        const parts = new KernelFold(everything);
        let from = 0;
        for (const cut of [...cuts, stream.length].sort((a, b) => a - b)) {
          parts.fold(stream.slice(from, cut));
          from = Math.max(from, cut);
        }
        expect(packState("f", parts.state)).toEqual(packState("f", whole.state));
      }),
    );
  });

  it("stays finite on hostile numbers", () => {
    fc.assert(
      fc.property(events(hostile), (stream) => {
        const fold = new KernelFold(everything);
        fold.fold(stream);
        const at = (stream.at(-1)?.time ?? START) + HOUR;
        const candidate = { id: "c", properties: { price: 3e38, category: "a" } };
        const ranked = fold.compiled.models.map(({ name }) => fold.rank([candidate], at, name));
        for (const value of numbersIn([fold.view(at), ranked])) expect(Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("reads back the state that was packed", () => {
    fc.assert(
      fc.property(events(ordinary, 50), (stream) => {
        const fold = new KernelFold(everything);
        fold.fold(stream);
        expect(unpackState("f", packState("f", fold.state))).toEqual(fold.state);
        expect(unpackState("other", packState("f", fold.state))).toBeUndefined();
      }),
    );
  });

  it("changes no state when it ranks or is read", () => {
    const fold = new KernelFold(everything);
    fold.fold([event("view", START, { price: 1, category: "a" }), event("buy", START + 1, { price: 2 })]);
    const before = packState("f", fold.state);
    fold.view(START + DAY);
    fold.rank([{ id: "c", properties: { price: 3 } }], START + DAY, "step");
    expect(packState("f", fold.state)).toEqual(before);
  });
});

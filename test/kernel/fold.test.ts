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
    expect(top.map(({ key, weight }) => [key, weight])).toEqual([
      ["b", 2],
      ["c", 2],
      ["d", 2],
      ["e", 2],
    ]);
    expect(top.map(({ error }) => Math.round(error * 1e6) / 1e6)).toEqual([0, 0, 0, 1]);
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

  it("draws outliers in, counts them, and opens for a new level", () => {
    const fold = create(everything);
    const values = [
      ...Array.from({ length: 20 }, (_, i) => 10 + (i % 3)),
      1000,
      ...Array<number>(5).fill(500),
    ];
    for (const property of ["amount", "size"]) {
      fold.fold(values.map((value, i) => event("look", START + i, { [property]: value })));
    }
    const { amount, size } = fold.view(START + DAY).numbers;
    // 1000 and the first four of 500 are drawn in; the fifth in a row on one side is a new level.
    expect(amount).toMatchObject({ count: 26, max: 1000, clipped: 4, last: 500 });
    expect(size).toMatchObject({ count: 26, max: 1000, clipped: 4, last: 500 });
    expect(amount?.sum).toBe(values.reduce((sum, value) => sum + value, 0));
    expect(amount?.mean).toBeLessThan(50);
    expect(amount?.median).toBeCloseTo(11, 0);
  });

  it("takes a missing value for missing, never for zero", () => {
    const fold = create(everything);
    fold.fold([
      event("look", START, { amount: 5 }),
      event("look", START + 1, { amount: null }),
      event("look", START + 2),
    ]);
    expect(fold.view(START + DAY).numbers.amount).toMatchObject({ count: 1, min: 5, mean: 5 });
  });

  it("labels an example by a value of its own", () => {
    const fold = create(everything);
    fold.fold([4, 5, 3, null, "5"].map((rating, i) => event("rate", START + i, { rating })));
    expect(fold.view(START + DAY).scores.liked).toMatchObject({ examples: 3, positives: 2 });
  });

  it("labels an example by what follows within the time, of the same key", () => {
    const fold = create(everything);
    fold.fold([
      event("view", START, { item: "a" }),
      event("view", START + 1, { item: "b" }),
      event("view", START + 2, { item: "a" }),
      event("view", START + 3),
      event("buy", START + HOUR, { item: "a" }),
    ]);
    // Two of a are positive, b waits, the one without an item is nothing.
    expect(fold.view(START + HOUR).scores.bought).toMatchObject({ examples: 2, positives: 2, pending: 1 });
    // An outcome at the last moment still counts; then time runs out, without an event.
    expect(fold.view(START + 1 + DAY).scores.bought).toMatchObject({ examples: 2, pending: 1 });
    expect(fold.view(START + 2 + DAY).scores.bought).toMatchObject({ examples: 3, positives: 2, pending: 0 });
    fold.fold([event("buy", START + 2 * DAY, { item: "b" })]);
    expect(fold.view(START + 2 * DAY).scores.bought).toMatchObject({ examples: 3, positives: 2, pending: 0 });
  });

  it("takes no more examples than may wait, whatever their labels will be", () => {
    const fold = create(everything);
    fold.fold(Array.from({ length: 9 }, (_, i) => event("view", START + i, { item: `i${i}` })));
    expect(fold.view(START + HOUR).scores.bought).toMatchObject({ pending: 4, skipped: 5, examples: 0 });
  });

  it("finds parts of an order that end what was viewed", () => {
    const fold = create(everything);
    fold.fold([
      event("view", START, { item: "a" }),
      event("view", START + 1, { item: "b" }),
      event("buy", START + HOUR, { products: [{ item: "b" }, { item: "c" }] }),
    ]);
    expect(fold.view(START + HOUR).scores.bought).toMatchObject({ examples: 1, positives: 1, pending: 1 });
  });

  it("tells quality: log loss beside the base rate, accuracy, bins, calibration", () => {
    const fold = create(everything);
    fold.fold(
      Array.from({ length: 300 }, (_, i) => {
        const cheap = (i * i * 7) % 11 < 4;
        return event(cheap ? "buy" : "view", START + i * 60_000, { price: cheap ? 10 : 90 });
      }),
    );
    const quality = fold.view(START + 300 * 60_000).quality.step;
    expect(quality?.examples).toBe(300);
    expect(quality?.logLoss).toBeLessThan(0.7 * (quality?.baseLogLoss ?? 0));
    expect(quality?.accuracy).toBeGreaterThan(0.9);
    expect(quality?.priorLogLoss).toBeNull();
    expect(quality?.calibration.bins.reduce((sum, { count }) => sum + count, 0)).toBe(300);
    // The probabilities were too timid all along.
    expect(quality?.calibration.slope).toBeGreaterThan(1);
  });

  it("finds the time at which a model stops to fit", () => {
    const fold = create(everything);
    const stream = Array.from({ length: 400 }, (_, i) => {
      const buys = i < 200 ? i % 2 === 0 : i % 2 === 1;
      return event(buys ? "buy" : "view", START + i * 60_000, { price: i % 2 === 0 ? 10 : 90 });
    });
    fold.fold(stream.slice(0, 200));
    expect(fold.view(START + 200 * 60_000).quality.step?.drift.detections).toBe(0);
    fold.fold(stream.slice(200));
    const { detections, lastAt } = fold.view(START + 400 * 60_000).quality.step?.drift ?? {};
    expect(detections).toBeGreaterThan(0);
    expect(lastAt).toBeGreaterThan(START + 200 * 60_000);
    expect(lastAt).toBeLessThan(START + 240 * 60_000);
  });

  it("estimates from propensities how often a uniform choice would have succeeded", () => {
    const fold = create(everything);
    const rated = (rating: number, p: number) => event("rate", START, { rating, p });
    // The favourite was shown nine times as often and is liked, the other is not.
    fold.fold([...Array.from({ length: 9 }, () => rated(5, 0.9)), rated(1, 0.1)]);
    expect(fold.view(START).quality.liked?.uniformRate).toBeCloseTo(0.5, 6);
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

/** Of two interests of the same weight, rounding decides which is told first. */
function inOrderOfKeys<T extends Pick<View, "interests">>(view: T) {
  const interests = Object.entries(view.interests).map(([dimension, { total, top }]) => [
    dimension,
    { total, top: top.toSorted((a, b) => (a.key < b.key ? -1 : 1)) },
  ]);
  return { ...view, interests: Object.fromEntries(interests) };
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
        const { scores, quality, ...exact } = kernel.view(at);
        const { scores: expectedScores, quality: expectedQuality, ...expected } = reference.view(at);
        // The errors of interests are f32, rounded up.
        expectClose(inOrderOfKeys(exact), inOrderOfKeys(expected), 1e-5);
        // Learners and their scaling keep f32, and a feature that hardly varies magnifies its rounding.
        for (const [model, score] of Object.entries(scores)) {
          const { probability, examples, positives, pending, skipped, trend } =
            expectedScores[model] ?? score;
          expect(score).toMatchObject({ examples, positives, pending, skipped });
          const { baseLogLoss = null } = expectedQuality[model] ?? {};
          expectClose(quality[model]?.baseLogLoss, baseLogLoss, 1e-9);
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

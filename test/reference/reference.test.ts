import { describe, expect, it } from "vitest";
import { ecommerce } from "../../src/definition/ecommerce.ts";
import { parseDefinition } from "../../src/definition/schema.ts";
import type { JsonObject } from "../../src/events/event.ts";
import { type FoldEvent, ReferenceFold } from "./fold.ts";
import { hash32, hash53 } from "./hash.ts";
import { Interest } from "./interests.ts";
import { P2Median } from "./median.ts";
import { RunningNumber } from "./numbers.ts";
import { compilePath, keyAt, numberAt } from "./properties.ts";
import { Mulberry32 } from "./random.ts";
import { Scaler } from "./scaler.ts";
import { SlidingWindow } from "./windows.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 2026-01-01. */
const START = 1_767_225_600_000;

/** Uniform in [0, 1), so that every run sees the same numbers. */
function uniform(seed: number): () => number {
  const random = new Mulberry32(seed);
  return () => random.next();
}

function event(id: number, time: number, name: string, properties: JsonObject = {}): FoldEvent {
  return { id: String(id).padStart(8, "0"), time, name, properties };
}

describe("hash", () => {
  it("is cyrb53 as published", () => {
    // The vectors in the author's page are of the 64-bit form; 53 bits are its low ones.
    // https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js
    const published = {
      a: 0x501c2ba782c97901n,
      b: 0x459eda5bc254d2bfn,
      revenge: 0xfbce64cc3b748385n,
      revenue: 0xfb1d85148d13f93an,
    };
    for (const [text, hash] of Object.entries(published)) {
      expect(BigInt(hash53(text))).toBe(BigInt.asUintN(53, hash));
    }
  });

  it("has the low word as its 32-bit form", () => {
    expect(hash53("brand") - hash32("brand")).toBe(Math.floor(hash53("brand") / 2 ** 32) * 2 ** 32);
  });
});

describe("paths", () => {
  it("takes a dotted name as one key before it takes it as nested", () => {
    expect(numberAt({ "a.b": 1, a: { b: 2 } }, compilePath("a.b"))).toBe(1);
    expect(numberAt({ a: { b: 2 } }, compilePath("a.b"))).toBe(2);
  });

  it("takes the first alternative that can be used", () => {
    expect(keyAt({ product_id: "", sku: 42 }, compilePath(["product_id", "sku"]))).toBe("42");
    expect(numberAt({ value: "9", revenue: 5 }, compilePath(["value", "revenue"]))).toBe(5);
    expect(numberAt({}, compilePath("constructor.length"))).toBeNaN();
  });
});

describe("median", () => {
  it("is exact for the first five values", () => {
    const median = new P2Median();
    expect(median.estimate()).toBeNaN();
    const expected = [7, 4, 5, 6, 7];
    [7, 1, 5, 9, 8].forEach((x, i) => {
      median.add(x);
      expect(median.estimate()).toBe(expected[i]);
    });
  });

  it("follows the worked example of the paper", () => {
    const median = new P2Median();
    // Jain and Chlamtac 1985, table I; the estimate after the twentieth observation is 4.44.
    const observations = [
      0.02, 0.15, 0.74, 3.39, 0.83, 22.37, 10.15, 15.43, 38.62, 15.92, 34.6, 10.28, 1.47, 0.4, 0.05, 11.39,
      0.27, 0.42, 0.09, 11.37,
    ];
    for (const x of observations) median.add(x);
    expect(median.estimate()).toBeCloseTo(4.44, 2);
  });

  it("is close for many values", () => {
    const random = uniform(1);
    const median = new P2Median();
    const values: number[] = [];
    for (let i = 0; i < 20_001; i++) {
      const x = -Math.log(1 - random());
      values.push(x);
      median.add(x);
    }
    values.sort((a, b) => a - b);
    expect(median.estimate()).toBeCloseTo(values[10_000] ?? NaN, 1);
  });

  it("survives values that are all equal", () => {
    const median = new P2Median();
    for (let i = 0; i < 100; i++) median.add(3);
    expect(median.estimate()).toBe(3);
  });
});

describe("numbers", () => {
  it("equal the weighted mean and deviation evaluated directly", () => {
    const random = uniform(2);
    const number = new RunningNumber({ halfLife: "7d" });
    const seen: { x: number; t: number }[] = [];
    let t = START;
    for (let i = 0; i < 300; i++) {
      t += random() * DAY;
      const x = 100 * random();
      seen.push({ x, t });
      number.add(x, t);
    }
    const weighted = seen.map(({ x, t: at }) => ({ x, w: 2 ** (-(t - at) / (7 * DAY)) }));
    const total = weighted.reduce((sum, { w }) => sum + w, 0);
    const mean = weighted.reduce((sum, { x, w }) => sum + w * x, 0) / total;
    const variance = weighted.reduce((sum, { x, w }) => sum + w * (x - mean) ** 2, 0) / total;
    const view = number.view();
    expect(view.mean).toBeCloseTo(mean, 9);
    expect(view.sd).toBeCloseTo(Math.sqrt(variance), 9);
    expect(view.count).toBe(300);
  });

  it("are the plain ones without a half-life", () => {
    const number = new RunningNumber();
    [2, 4, 4, 4, 5, 5, 7, 9].forEach((x, i) => {
      number.add(x, START + i * DAY);
    });
    expect(number.view()).toMatchObject({ count: 8, sum: 40, mean: 5, sd: 2, min: 2, max: 9, last: 9 });
  });
});

describe("interests", () => {
  it("equal the decayed weights evaluated directly, across moved landmarks", () => {
    const interest = new Interest(DAY, 8);
    const seen: { key: string; t: number; w: number }[] = [];
    // Forty exponents of ln 2 a day are 57.7 days, so 200 days move the landmark three times.
    for (let day = 0; day < 200; day++) {
      const entry = { key: `k${day % 3}`, t: START + day * DAY, w: 1 + (day % 5) };
      seen.push(entry);
      interest.add(entry.key, entry.w, entry.t);
    }
    const at = START + 201.5 * DAY;
    const decayed = (key?: string) =>
      seen
        .filter((entry) => key === undefined || entry.key === key)
        .reduce((sum, { t, w }) => sum + w * 2 ** (-(at - t) / DAY), 0);
    const view = interest.view(at);
    expect(view.total).toBeCloseTo(decayed(), 12);
    for (const { key, weight, error, share } of view.top) {
      expect(weight).toBeCloseTo(decayed(key), 12);
      expect(error).toBe(0);
      expect(share).toBeCloseTo(decayed(key) / decayed(), 12);
    }
  });

  it("hold Space-Saving's bounds", () => {
    const random = uniform(3);
    const keep = 8;
    const interest = new Interest(30 * DAY, keep);
    const seen: { key: string; t: number }[] = [];
    let t = START;
    for (let i = 0; i < 3000; i++) {
      t += random() * HOUR;
      const key = `k${Math.floor(40 * random() ** 3)}`;
      seen.push({ key, t });
      interest.add(key, 1, t);
    }
    const truth = new Map<string, number>();
    for (const { key, t: at } of seen) {
      truth.set(key, (truth.get(key) ?? 0) + 2 ** (-(t - at) / (30 * DAY)));
    }
    const { total, top } = interest.view(t);
    expect(top).toHaveLength(keep);
    expect(top.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(total, 6);
    for (const { key, weight, error } of top) {
      const exact = truth.get(key) ?? 0;
      expect(weight).toBeGreaterThanOrEqual(exact - 1e-9);
      expect(weight - error).toBeLessThanOrEqual(exact + 1e-9);
      expect(error).toBeLessThanOrEqual(total / keep + 1e-9);
    }
    for (const [key, exact] of truth) {
      if (exact > total / keep) expect(top.map((slot) => slot.key)).toContain(key);
    }
  });
});

describe("windows", () => {
  it("equal the sums over the buckets they cover", () => {
    const random = uniform(4);
    for (const width of [HOUR, DAY, 30 * DAY]) {
      const window = new SlidingWindow(width, 3);
      const seen: { t: number; name: number; value: number }[] = [];
      let t = START;
      const check = (at: number) => {
        const newest = Math.floor(at / (width / 12));
        const inside = seen.filter((entry) => Math.floor(entry.t / (width / 12)) > newest - 12);
        const total = window.total(at);
        expect(total.events).toBe(inside.length);
        expect(total.value).toBeCloseTo(
          inside.reduce((sum, { value }) => sum + value, 0),
          9,
        );
        for (const name of [0, 1, 2]) {
          const count = inside.filter((entry) => entry.name === name).length;
          expect(total.counts[name]).toBe(count);
          expect(window.count(at, name)).toBe(count);
        }
      };
      for (let i = 0; i < 400; i++) {
        t += (random() ** 4 * width) / 2;
        const entry = { t, name: Math.floor(4 * random()) - 1, value: random() };
        seen.push(entry);
        window.add(entry.t, entry.name, entry.value);
        check(t);
        check(t + random() * 2 * width);
      }
    }
  });

  it("stop a count per name in one bucket at 65,535", () => {
    const window = new SlidingWindow(HOUR, 1);
    for (let i = 0; i < 70_000; i++) window.add(START, 0, 0);
    expect(window.total(START)).toEqual({ events: 70_000, value: 0, counts: [65_535] });
  });
});

describe("scaler", () => {
  it("skips missing values and gives 0 for them and for what never varied", () => {
    const scaler = new Scaler(3);
    for (const x of [1, NaN, 3]) scaler.learn([1, x, 7]);
    expect(scaler.scale([1, 3, 8])).toEqual([1, 1, 0]);
    expect(scaler.scale([1, NaN, 7])).toEqual([1, 0, 0]);
  });

  it("keeps a prior's statistics as they are", () => {
    const scaler = new Scaler(2, { means: [0, 10], variances: [0, 4] });
    for (const x of [1, 2, 3]) scaler.learn([1, x]);
    expect(scaler.scale([1, 14])).toEqual([1, 2]);
  });
});

describe("fold", () => {
  const definition = parseDefinition(ecommerce);

  it("is the same however the events are split into batches", () => {
    const events = shopping(400);
    const at = START + 40 * DAY;
    const whole = new ReferenceFold(definition);
    whole.fold(events);
    const split = new ReferenceFold(definition);
    for (const one of events) split.fold([one]);
    expect(split.view(at)).toEqual(whole.view(at));
  });

  it("folds items as parts: numbers, interests and examples, but no counts", () => {
    const target = { examples: ["Order Completed"], positive: ["Order Completed"] };
    const models = { purchase: { ...ecommerce.models.purchase, target } };
    const reference = new ReferenceFold(parseDefinition({ ...ecommerce, models }));
    reference.fold([
      event(1, START, "Order Completed", {
        revenue: 30,
        products: [{ product_id: "a", brand: "x", price: 10 }, { sku: "b", brand: "x", price: 20 }, "odd"],
      }),
    ]);
    const view = reference.view(START);
    expect(view).toMatchObject({ events: 1, firstSeen: START, lastSeen: START });
    expect(view.numbers.price).toMatchObject({ count: 2, mean: 15 });
    expect(view.interests.brand).toEqual({ total: 16, top: [{ key: "x", weight: 16, error: 0, share: 1 }] });
    expect(view.interests.product_id?.top.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(view.windows["24h"]).toEqual({ events: 1, value: 30, counts: { "Order Completed": 1 } });
    expect(view.scores.purchase).toMatchObject({ examples: 2, positives: 2 });
  });

  it("shows models the state before the event, but its traits", () => {
    const reference = new ReferenceFold(
      parseDefinition({
        name: "probe",
        events: { Seen: {} },
        interests: { brand: { path: "brand" } },
        models: {
          m: {
            target: { examples: ["Seen"], positive: ["Seen"] },
            features: [
              { kind: "count", window: "1h", event: "Seen" },
              { kind: "trait", trait: "age" },
            ],
            learner: { kind: "sgd", rate: 1, biasRate: 1 },
          },
        },
      }),
    );
    reference.fold([
      { ...event(1, START, "Seen"), traits: { age: 20 } },
      { ...event(2, START + 1, "Seen"), traits: { age: 40 } },
    ]);
    // The two examples had counts 0 and 1 and ages 20 and 40: at the second both features are one deviation
    // above the mean, so both weights moved alike.
    const [ranked] = reference.rank([{ id: "c", properties: {} }], START + DAY, "m");
    const [bias, count, age] = ranked?.contributions ?? [];
    expect([bias?.feature, count?.feature, age?.feature]).toEqual(["bias", "count(1h, Seen)", "trait(age)"]);
    // By tomorrow the count is 0 again, one deviation below.
    expect(age?.value).toBeGreaterThan(0);
    expect(count?.value).toBeCloseTo(-(age?.value ?? NaN), 12);
  });

  it("ranks with contributions that add up to the logit, and writes nothing", () => {
    const reference = new ReferenceFold(
      parseDefinition({
        ...ecommerce,
        models: { purchase: { ...ecommerce.models.purchase, learner: { kind: "sgd" } } },
      }),
    );
    reference.fold(shopping(400));
    const at = START + 30 * DAY;
    const before = reference.view(at);
    const ranked = reference.rank(
      [
        { id: "a", properties: { price: 20, category: "c1", brand: "b1", product_id: "p1" } },
        { id: "b", properties: {} },
      ],
      at,
      "purchase",
    );
    expect(ranked.map(({ id }) => id)).toEqual(["a", "b"]);
    for (const { score, contributions } of ranked) {
      const logit = contributions.reduce((sum, { value }) => sum + value, 0);
      expect(score).toBeCloseTo(1 / (1 + Math.exp(-logit)), 12);
    }
    expect(ranked[1]?.score).toBe(before.scores.purchase?.probability);
    expect(reference.view(at)).toEqual(before);
  });

  /** A month of somebody's shopping. */
  function shopping(count: number): FoldEvent[] {
    const random = uniform(6);
    const names = ["Product Viewed", "Product Viewed", "Product Added", "Order Completed", "Unlisted"];
    const times = Array.from({ length: count }, () => Math.floor(START + random() * 30 * DAY));
    return times
      .sort((a, b) => a - b)
      .map((time, i) => {
        const product = Math.floor(50 * random());
        const properties = {
          product_id: `p${product}`,
          category: `c${product % 7}`,
          brand: `b${product % 5}`,
          price: product + 1,
        };
        const name = names[Math.floor(names.length * random())] ?? "";
        return event(i, time, name, name === "Order Completed" ? { products: [properties] } : properties);
      });
  }
});

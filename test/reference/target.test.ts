import { describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/definition/schema.ts";
import type { JsonObject } from "../../src/events/event.ts";
import { type FoldEvent, ReferenceFold } from "./fold.ts";
import { sigmoid } from "./learners/learner.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 2026-01-01. */
const START = 1_767_225_600_000;

let serial = 0;
function event(time: number, name: string, properties: JsonObject = {}): FoldEvent {
  serial += 1;
  return { id: String(serial).padStart(8, "0"), time, name, properties };
}

/** A model of the bias alone, which moves by y − p at each example. */
function biased(target: unknown, rest: JsonObject = {}): ReferenceFold {
  const features = [{ kind: "number", path: "nothing" }];
  const learner = { kind: "sgd", rate: 0, biasRate: 1 };
  return new ReferenceFold(
    parseDefinition({ name: "biased", events: {}, ...rest, models: { m: { target, features, learner } } }),
  );
}

/** The bias after examples with these labels, each learned with the bias of its time. */
function biasAfter(labels: number[]): number {
  return labels.reduce((bias, y) => bias - (sigmoid(bias) - y), 0);
}

describe("a label by value", () => {
  const labels = (positive: unknown, values: JsonObject[]) => {
    const reference = biased({ examples: ["e"], positive });
    reference.fold(values.map((properties, i) => event(START + i, "e", properties)));
    const { examples, positives } = reference.view(START + HOUR).scores.m ?? {};
    return { examples, positives };
  };

  it("compares a number, and takes no example without one", () => {
    const values = [{ v: 2 }, { v: 3 }, { v: 4 }, { v: "4" }, { v: null }, {}];
    expect(labels({ path: "v", atLeast: 3 }, values)).toEqual({ examples: 3, positives: 2 });
    expect(labels({ path: "v", atMost: 3 }, values)).toEqual({ examples: 3, positives: 2 });
  });

  it("equals a number or a text", () => {
    const values = [{ v: 2 }, { v: 3 }, { v: "2" }, { v: "" }, { v: true }, {}];
    expect(labels({ path: "v", equals: 2 }, values)).toEqual({ examples: 3, positives: 1 });
    expect(labels({ path: "v", equals: "2" }, values)).toEqual({ examples: 3, positives: 1 });
  });
});

describe("a label that comes later", () => {
  const target = { examples: ["view"], positive: ["buy"], within: "1h", same: "product", pending: 2 };
  const view = (time: number, product: string) => event(time, "view", { product });
  const buy = (time: number, product: string) => event(time, "buy", { product });
  const score = (reference: ReferenceFold, at: number) => {
    const found = reference.view(at).scores.m;
    if (found === undefined) throw new Error("expected the model's score");
    return found;
  };

  it("is positive by an outcome of the same key, negative when time runs out", () => {
    const reference = biased(target);
    reference.fold([view(START, "a"), view(START + 1, "b"), view(START + 2, "c"), event(START + 3, "view")]);
    // The third found two waiting; the one without a key was none.
    expect(score(reference, START + 3)).toMatchObject({ examples: 0, pending: 2, skipped: 1 });

    reference.fold([buy(START + 4, "b"), buy(START + 5, "b"), event(START + 6, "buy")]);
    expect(score(reference, START + 6)).toMatchObject({ examples: 1, positives: 1, pending: 1 });
    expect(score(reference, START + 6).probability).toBe(sigmoid(0.5));

    reference.fold([view(START + 7, "c")]);
    // At the hour itself it still waits, a millisecond later it does not.
    expect(score(reference, START + HOUR)).toMatchObject({ examples: 1, pending: 2 });
    const later = score(reference, START + HOUR + 1);
    expect(later).toMatchObject({ examples: 2, positives: 1, pending: 1 });
    expect(later.probability).toBe(sigmoid(biasAfter([1, 0])));
    const [ranked] = reference.rank([{ id: "x", properties: {} }], START + HOUR + 1, "m");
    expect(ranked?.score).toBe(later.probability);
    // Neither reading changed the state: an outcome at the hour itself is still in time.
    reference.fold([buy(START + HOUR, "a")]);
    expect(score(reference, START + HOUR)).toMatchObject({ examples: 2, positives: 2, pending: 1 });
  });

  it("ends what ran out before it ends what the record resolves, the oldest first", () => {
    const reference = biased({ ...target, pending: 8 });
    reference.fold([buy(START, "a"), view(START + 1, "a"), view(START + 2, "b")]);
    reference.fold([buy(START + 3, "b"), view(START + 4, "a"), view(START + 30 * MINUTE, "a")]);
    // By now those of START + 1 (p = ½) and START + 4 (p = σ(½)) ran out; the last is bought.
    reference.fold([buy(START + 61 * MINUTE, "a")]);
    const at = START + 61 * MINUTE;
    expect(score(reference, at)).toMatchObject({ examples: 4, positives: 2, pending: 0 });
    expect(score(reference, at).probability).toBe(sigmoid(biasAfter([1, 0, 0, 1])));
    // What was predicted for the one that ended last, when it was opened.
    expect(reference.progressive("m")).toBe(sigmoid(0.5));
    expect(reference.view(at).quality.m?.calibration.bins.map(({ count }) => count)).toEqual([
      0, 0, 0, 0, 0, 2, 2, 0, 0, 0,
    ]);
  });

  it("resolves all without a key, and then may open one itself", () => {
    const reference = biased({ examples: ["step", "view"], positive: ["step"], within: "1h" });
    reference.fold([event(START, "view"), event(START + 1, "view"), event(START + 2, "step")]);
    expect(score(reference, START + 2)).toMatchObject({ examples: 2, positives: 2, pending: 1 });
    expect(score(reference, START + 2).probability).toBe(sigmoid(biasAfter([1, 1])));
  });

  it("is resolved by parts and by the event itself, whose parts alone are examples", () => {
    const reference = biased({ ...target, pending: 8 }, { items: "products" });
    const products = [{ product: "a" }, { product: "b" }];
    reference.fold([event(START, "view", { product: "c", products })]);
    expect(score(reference, START)).toMatchObject({ pending: 2 });
    reference.fold([
      view(START + 1, "c"),
      event(START + 2, "buy", { product: "c", products: [{ product: "b" }] }),
    ]);
    expect(score(reference, START + 2)).toMatchObject({ examples: 2, positives: 2, pending: 1 });
  });

  it("has the features of when it was opened", () => {
    const features = [{ kind: "number", path: "x" }];
    const learner = { kind: "sgd", rate: 1, biasRate: 0 };
    const fold = (later: boolean) => {
      const outcome = later
        ? { positive: ["buy"], within: "1h", same: "id" }
        : { positive: { path: "y", equals: 1 } };
      const models = { m: { target: { examples: ["view"], ...outcome }, features, learner } };
      return new ReferenceFold(parseDefinition({ name: "opened", events: {}, models }));
    };
    const later = fold(true);
    const atOnce = fold(false);
    [1, 5, 2, 4].forEach((x, i) => {
      const properties = { x, y: i % 2, id: `${i}` };
      // Negatives are never bought here, so each is learned when it has run out.
      const time = START + i * 3 * HOUR;
      later.fold([
        event(time, "view", properties),
        event(time + 1, i % 2 ? "buy" : "wait", { id: `${i}`, x: 9 }),
      ]);
      atOnce.fold([event(time, "view", properties)]);
    });
    const candidates = [{ id: "c", properties: { x: 3 } }];
    const at = START + 30 * HOUR;
    expect(later.rank(candidates, at, "m")).toEqual(atOnce.rank(candidates, at, "m"));
    expect(later.view(at).quality).toEqual(atOnce.view(at).quality);
  });
});

describe("a propensity", () => {
  it("weighs each example by its inverse", () => {
    const reference = biased({ examples: ["e"], positive: { path: "y", equals: 1 }, propensity: "p" });
    const values = [
      { y: 1, p: 0.5 },
      { y: 0, p: 0.1 },
      { y: 1, p: 1 },
      { y: 1, p: 0 },
      { y: 1, p: 2 },
      { y: 1 },
    ];
    reference.fold(values.map((properties, i) => event(START + i, "e", properties)));
    expect(reference.view(START + HOUR).quality.m?.uniformRate).toBeCloseTo(3 / 13, 12);
  });
});

import fc from "fast-check";
import { ecommerce } from "../../src/definition/ecommerce.ts";
import { parseDefinition } from "../../src/definition/schema.ts";
import { compareEvents, type Event, type JsonObject } from "../../src/events/event.ts";

/** A definition in which every part of the kernel has work to do, with few slots so that keys are evicted. */
export const everything = parseDefinition({
  name: "everything",
  events: { view: { weight: 1 }, buy: { weight: 5 }, look: { weight: 0 } },
  otherWeight: 0.25,
  items: "products",
  value: ["value", "money.total"],
  numbers: {
    price: { path: "price" },
    rating: { path: "rating", halfLife: "2d" },
    amount: { path: "amount", outliers: { rule: "zscore" } },
    size: { path: "size", scale: "log", outliers: { rule: "hampel", of: 11 } },
  },
  interests: {
    category: { path: "category", halfLife: "3d", keep: 4 },
    brand: { path: ["brand", "maker.name"], halfLife: "6h", keep: 6 },
  },
  windows: ["1h", "24h", "7d"],
  models: {
    step: {
      target: { examples: ["view", "buy"], positive: ["buy"] },
      features: [
        { kind: "number", path: "price", scale: "log" },
        { kind: "category", path: "category", width: 5 },
        { kind: "affinity", dimension: "category" },
        { kind: "count", window: "24h", event: "view" },
        { kind: "recency", event: "buy" },
        { kind: "hour" },
        { kind: "trait", trait: "age" },
        { kind: "trait", trait: "plan", width: 3 },
      ],
      learner: { kind: "sgd", rate: 0.05, biasRate: 0.1, l2: 0.001 },
    },
    belief: {
      target: { examples: ["view", "buy"], positive: ["buy"] },
      features: [
        { kind: "number", path: "price" },
        { kind: "affinity", dimension: "brand" },
        { kind: "recency", event: "view" },
        { kind: "category", path: "brand", width: 4 },
      ],
      learner: { kind: "bayes", variance: 0.5, forget: 0.01 },
    },
    liked: {
      target: { examples: ["rate"], positive: { path: "rating", atLeast: 4 }, propensity: "p" },
      features: [{ kind: "number", path: "price" }, { kind: "hour" }],
      learner: { kind: "ftrl", alpha: 0.3, l1: 0.01, l2: 0.1 },
    },
    bought: {
      target: { examples: ["view"], positive: ["buy"], same: "item", within: "1d", pending: 4 },
      features: [
        { kind: "number", path: "price", scale: "log" },
        { kind: "affinity", dimension: "category" },
      ],
      learner: { kind: "ensemble", of: [{ kind: "coin", alpha: 0.3 }, { kind: "adamw" }, { kind: "bayes" }] },
    },
  },
});

export const ecommerceDefinition = parseDefinition(ecommerce);

const START = Date.UTC(2026, 0, 1);

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const properties = (numbers: fc.Arbitrary<number>): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      price: maybe(numbers),
      rating: maybe(numbers),
      value: maybe(numbers),
      category: maybe(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", 7)),
      brand: maybe(fc.constantFrom("x", "y", "z", "")),
      amount: maybe(numbers),
      size: maybe(numbers),
      item: maybe(fc.constantFrom("i", "j", "k")),
    })
    .map((record) => JSON.parse(JSON.stringify(record)));

/** Events of one user in the order of the fold; `numbers` are what their properties hold. */
export function events(numbers: fc.Arbitrary<number>, maxLength = 200): fc.Arbitrary<Event[]> {
  return fc
    .array(
      fc.record({
        gap: fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: 0, max: 3_600_000 }) },
          fc.integer({ min: 0, max: 4e9 }),
        ),
        name: fc.constantFrom("view", "view", "buy", "look", "rate", "Something Else"),
        properties: properties(numbers),
        products: maybe(fc.array(properties(numbers), { maxLength: 3 })),
        traits: maybe(
          fc.record({
            age: maybe(fc.integer({ min: 1, max: 99 })),
            plan: maybe(fc.constantFrom("free", "pro", null)),
          }),
        ),
      }),
      { maxLength },
    )
    .map((list) => {
      let time = START;
      return list
        .map(({ gap, name, properties, products, traits }, i): Event => {
          time += gap;
          return {
            id: `e${i}`,
            user: "u",
            name,
            time,
            receivedAt: time,
            properties: products === undefined ? properties : { ...properties, products },
            ...(traits === undefined ? {} : { traits: JSON.parse(JSON.stringify(traits)) }),
          };
        })
        .sort(compareEvents);
    });
}

/** Numbers that shops have. */
export const ordinary = fc
  .double({ min: -1000, max: 10_000, noNaN: true })
  .map((x) => Math.round(x * 100) / 100 + 0);

/** Numbers that would break careless arithmetic; the edge lets through what fits an f32. */
export const hostile = fc.oneof(
  fc.double({ min: -3.4028234663852886e38, max: 3.4028234663852886e38, noNaN: true }).map((x) => x + 0),
  fc.constantFrom(0, 1e-45, -1e-45, 3.4028234663852886e38, -3.4028234663852886e38, 1e15, 1e-300, 5e-324),
);

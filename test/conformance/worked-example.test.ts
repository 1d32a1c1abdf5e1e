import { describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/definition/schema.ts";
import type { Event } from "../../src/events/event.ts";
import { loadKernel } from "../../src/kernel/node.ts";
import { OfflineModel } from "../../src/kernel/offline.ts";
import { KernelFold } from "../kernel/kernel.ts";

/**
 * The example from which the design grew: three items with price, rating and the user's interest in them, and a score
 * σ(θᵀx). `docs/worked-example.md` tells it.
 */
const items = [
  { id: "1", price: 100, rating: 4, interest: 0.5 },
  { id: "2", price: 200, rating: 5, interest: 0.8 },
  { id: "3", price: 50, rating: 3, interest: 0.2 },
];
const theta = [0.2, 0.3, 0.5];
const vectors = items.map(({ price, rating, interest }) => [price, rating, interest]);
const dot = (x: number[]) => x.reduce((sum, value, j) => sum + value * (theta[j] ?? 0), 0);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

const definition = parseDefinition({
  name: "worked-example",
  events: {
    "Product Viewed": { weight: 1 },
    "Order Completed": { weight: 4 },
    "Product Reviewed": { weight: 0 },
  },
  numbers: { price: { path: "price" }, rating: { path: "rating" } },
  interests: { item: { path: "id", halfLife: "7d", keep: 4 } },
  models: {
    purchase: {
      target: { examples: ["Product Viewed"], positive: ["Order Completed"], same: "id", within: "24h" },
      features: [
        { kind: "number", path: "price" },
        { kind: "number", path: "rating" },
        { kind: "affinity", dimension: "item" },
      ],
    },
  },
});

/** A model whose weights are θ on features standardised by the three items. */
function thetaModel(): OfflineModel {
  const columns = [0, 1, 2].map((j) => vectors.map((x) => x[j] ?? 0));
  const means = columns.map((column) => column.reduce((sum, x) => sum + x, 0) / 3);
  const variances = columns.map(
    (column, j) => column.reduce((sum, x) => sum + (x - (means[j] ?? 0)) ** 2, 0) / 3,
  );
  const models = {
    purchase: { weights: [0, ...theta], means: [0, ...means], variances: [1, ...variances], variance: 1e-6 },
  };
  return new OfflineModel(loadKernel(), definition, "purchase", {
    definition: "worked-example",
    fingerprint: "",
    version: "theta",
    models,
  });
}

describe("the worked example", () => {
  it("taken literally, rounds every score to 1 and tells the items apart by nothing", () => {
    expect(vectors.map(dot).map((x) => Number(x.toFixed(2)))).toEqual([21.45, 41.9, 11]);
    for (const score of vectors.map(dot).map(sigmoid)) expect(Number(score.toFixed(4))).toBe(1);
  });

  it("standardised, orders the items 2, 1, 3 with scores that differ", () => {
    const model = thetaModel();
    const scores = vectors.map((x) => model.predict(Float32Array.of(1, ...x)));
    const order = items.map(({ id }, i) => ({ id, score: scores[i] ?? 0 })).sort((a, b) => b.score - a.score);
    expect(order.map(({ id }) => id)).toEqual(["2", "1", "3"]);
    // As docs/worked-example.md shows them.
    expect(scores.map((score) => Number(score.toFixed(3)))).toEqual([0.487, 0.777, 0.233]);
  });

  it("folded from what the user did, has the median price, the best rating and the rising interest it means", () => {
    let serial = 0;
    const event = (name: string, hour: number, item: (typeof items)[number], more = {}): Event => ({
      id: `e${serial++}`,
      user: "u",
      name,
      time: START + hour * HOUR,
      receivedAt: START,
      properties: { id: item.id, price: item.price, ...more },
    });
    const [one, two, three] = items as [(typeof items)[0], (typeof items)[0], (typeof items)[0]];
    const fold = new KernelFold(definition);
    // One look at each item: what is known of the user is even.
    fold.fold([
      event("Product Viewed", 0, one),
      event("Product Viewed", 1, two),
      event("Product Viewed", 2, three),
    ]);
    const before = shares(fold, START + 3 * HOUR);
    // Then the user reviews them, comes back to the second and buys it.
    fold.fold([
      event("Product Reviewed", 4, one, { rating: one.rating, price: undefined }),
      event("Product Reviewed", 4.1, two, { rating: two.rating, price: undefined }),
      event("Product Reviewed", 4.2, three, { rating: three.rating, price: undefined }),
      event("Order Completed", 6, two, { price: undefined }),
    ]);
    const at = START + 6 * HOUR;
    const view = fold.view(at);
    expect(view.numbers.price).toMatchObject({ count: 3, median: 100 });
    expect(view.numbers.rating).toMatchObject({ max: 5 });

    const after = shares(fold, at);
    const rise = items.map(({ id }) => (after.get(id) ?? 0) - (before.get(id) ?? 0));
    expect(Math.max(...rise)).toBe(rise[1]);
    expect(rise[1]).toBeGreaterThan(0);

    // A day later the looks at the others have come to nothing: what was bought is ranked first.
    const ranked = fold
      .rank(
        items.map(({ id, price, rating }) => ({ id, properties: { id, price, rating } })),
        START + 30 * HOUR,
        "purchase",
      )
      .sort((a, b) => b.score - a.score);
    expect(ranked[0]?.id).toBe("2");
  });
});

function shares(fold: KernelFold, at: number): Map<string, number> {
  return new Map(fold.view(at).interests.item?.top.map(({ key, share }) => [key, share]));
}

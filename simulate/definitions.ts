import { ecommerce } from "../src/definition/ecommerce.ts";
import { type Definition, type DefinitionSource, parseDefinition } from "../src/definition/schema.ts";

const { purchase } = ecommerce.models;

/** Few slots, so that interests are evicted; learners with random numbers and with weights that add up. */
const crowded = {
  ...ecommerce,
  name: "crowded",
  otherWeight: 0.25,
  interests: {
    category: { path: "category", halfLife: "3d", keep: 4 },
    brand: { path: "brand", halfLife: "6h", keep: 6 },
    product_id: { path: ["product_id", "sku"], halfLife: "7d", keep: 8 },
  },
  models: {
    purchase: { ...purchase, learner: { kind: "mlp", hidden: 4, dropout: 0.2 } },
    mixed: {
      target: { examples: ["Product Viewed", "Order Completed"], positive: ["Order Completed"] },
      features: [
        { kind: "number", path: "price", scale: "log" },
        { kind: "trait", trait: "plan", width: 3 },
        { kind: "trait", trait: "age" },
        { kind: "affinity", dimension: "category" },
      ],
      learner: { kind: "ensemble", of: [{ kind: "coin", alpha: 0.3 }, { kind: "ftrl" }, { kind: "bayes" }] },
    },
  },
} satisfies DefinitionSource;

/** Hardly anything: a state of another size. */
const plain = { ...ecommerce, name: "plain", windows: ["24h"], models: {} } satisfies DefinitionSource;

/** What simulated edges are deployed with, one after the other. */
export const simulated: readonly [Definition, ...Definition[]] = [
  parseDefinition(ecommerce),
  parseDefinition(crowded),
  parseDefinition(plain),
];

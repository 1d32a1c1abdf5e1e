import type { DefinitionSource } from "../src/definition/schema.ts";

/** Grocery purchases of households: what they buy, and which products they buy at a discount. */
export const completejourney = {
  name: "completejourney",
  events: { "Product Purchased": { weight: 1 }, "Discount Purchased": { weight: 1 } },
  value: "value",
  numbers: { value: { path: "value" }, quantity: { path: "quantity" }, price: { path: "price" } },
  interests: {
    category: { path: "category", halfLife: "60d" },
    department: { path: "department", halfLife: "60d" },
    brand: { path: "brand", halfLife: "60d", keep: 4 },
    product_id: { path: "product_id", halfLife: "60d" },
  },
  windows: ["24h", "7d", "30d", "90d"],
  models: {
    /**
     * Of what the household buys: is it discounted? The amounts of the discounts are no features, they are the answer;
     * nor is the price, which is what was paid after them, nor the quantity, which a discount moves.
     */
    discount: {
      target: { examples: ["Product Purchased", "Discount Purchased"], positive: ["Discount Purchased"] },
      features: [
        { kind: "category", path: "department", width: 16 },
        // Some 300 categories: those that share an indicator at one width are apart at another.
        { kind: "category", path: "category", width: 16 },
        { kind: "category", path: "category", width: 15 },
        { kind: "category", path: "category", width: 13 },
        { kind: "category", path: "brand", width: 2 },
        { kind: "affinity", dimension: "category" },
        { kind: "affinity", dimension: "department" },
        { kind: "affinity", dimension: "brand" },
        { kind: "affinity", dimension: "product_id" },
        { kind: "count", window: "90d", event: "Discount Purchased" },
        { kind: "count", window: "90d", event: "Product Purchased" },
        { kind: "recency", event: "Discount Purchased" },
      ],
      learner: { kind: "bayes", variance: 0.01 },
    },
  },
} satisfies DefinitionSource;

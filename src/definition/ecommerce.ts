import type { DefinitionSource } from "./schema.ts";

/** The default: the Segment e-commerce events (spec v2), no configuration needed. */
export const ecommerce = {
  name: "ecommerce",
  events: {
    "Products Searched": { weight: 0.5 },
    "Product List Viewed": { weight: 0.5 },
    "Product Viewed": { weight: 1 },
    "Product Clicked": { weight: 1 },
    "Product Shared": { weight: 3 },
    "Product Added to Wishlist": { weight: 3 },
    "Product Added": { weight: 4 },
    "Product Removed": { weight: 0 },
    "Cart Viewed": { weight: 0 },
    "Checkout Started": { weight: 4 },
    "Order Completed": { weight: 8 },
    "Order Refunded": { weight: 0 },
    "Product Reviewed": { weight: 2 },
    "Promotion Viewed": { weight: 0.2 },
    "Promotion Clicked": { weight: 0.5 },
    "Coupon Applied": { weight: 0.5 },
  },
  items: "products",
  value: ["value", "revenue", "total"],
  numbers: {
    price: { path: "price", outliers: { rule: "zscore" } },
    quantity: { path: "quantity", outliers: { rule: "zscore" } },
    rating: { path: "rating" },
    value: { path: ["value", "revenue", "total"], outliers: { rule: "zscore" } },
  },
  interests: {
    category: { path: "category", halfLife: "30d" },
    brand: { path: "brand", halfLife: "30d" },
    product_id: { path: ["product_id", "sku"], halfLife: "7d" },
  },
  windows: ["1h", "24h", "7d", "30d"],
  models: {
    /** Of what the user looks at: is it bought within a day? */
    purchase: {
      target: {
        examples: ["Product Viewed", "Product Clicked", "Product Added"],
        positive: ["Order Completed"],
        same: ["product_id", "sku"],
        within: "24h",
      },
      features: [
        { kind: "number", path: "price", scale: "log" },
        { kind: "category", path: "category", width: 4 },
        { kind: "affinity", dimension: "category" },
        { kind: "affinity", dimension: "brand" },
        { kind: "affinity", dimension: "product_id" },
        { kind: "count", window: "1h", event: "Product Viewed" },
        { kind: "count", window: "7d", event: "Product Added" },
        { kind: "count", window: "30d", event: "Order Completed" },
        { kind: "recency", event: "Product Viewed" },
        { kind: "recency", event: "Order Completed" },
        { kind: "hour" },
      ],
      learner: { kind: "bayes" },
    },
  },
} satisfies DefinitionSource;

import { describe, expect, it } from "vitest";
import { simulateShop } from "../../src/cli/shop.ts";
import { ecommerce } from "../../src/definition/ecommerce.ts";
import { validate } from "../../src/events/validate.ts";

const DAY_MS = 86_400_000;
const END = Date.parse("2026-11-25T14:00:00Z");
const shop = simulateShop({ seed: 7, end: END });

describe("simulateShop", () => {
  it("gives the same week for the same seed and end, and another for another seed", () => {
    expect(simulateShop({ seed: 7, end: END })).toEqual(shop);
    expect(simulateShop({ seed: 8, end: END }).events).not.toEqual(shop.events);
  });

  it("is a busy week of 150 shoppers and 120 products", () => {
    expect(shop.products.length).toBe(120);
    expect(new Set(shop.events.map(({ userId }) => userId)).size).toBe(150);
    expect(shop.events.length).toBeGreaterThan(8000);
    expect(shop.events.length).toBeLessThan(12_000);
  });

  it("is in the order of time, within the week, with an id for each event", () => {
    const times = shop.events.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(END - 7 * DAY_MS - DAY_MS);
    expect(times.at(-1)).toBeLessThanOrEqual(END);
    expect(new Set(shop.events.map(({ id }) => id)).size).toBe(shop.events.length);
  });

  it("speaks the events of the default definition, and valid ones", () => {
    const known = new Set([...Object.keys(ecommerce.events), "Identify"]);
    for (const [i, event] of shop.events.entries()) {
      expect(known).toContain(event.event);
      expect(validate({ ...event }, i, END)).toMatchObject({ ok: true });
    }
  });

  it("identifies each shopper before anything else", () => {
    const met = new Set<string>();
    for (const { userId, event, traits } of shop.events) {
      if (!met.has(userId))
        expect({ event, traits }).toMatchObject({
          event: "Identify",
          traits: { country: expect.any(String) },
        });
      met.add(userId);
    }
  });

  it("has shoppers look at what they love, and buy some of it", () => {
    const loved = new Map(shop.shoppers.map(({ id, loves }) => [id, new Set<string>(loves.categories)]));
    const views = shop.events.filter(({ event }) => event === "Product Viewed");
    const share =
      views.filter(({ userId, properties }) => loved.get(userId)?.has(String(properties.category))).length /
      views.length;
    // Two categories of ten: 0.2 if there were no tastes.
    expect(share).toBeGreaterThan(0.6);
    const orders = shop.events.filter(({ event }) => event === "Order Completed").length;
    expect(orders / views.length).toBeGreaterThan(0.05);
    expect(orders / views.length).toBeLessThan(0.25);
  });
});

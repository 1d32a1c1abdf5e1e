import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/events/event.ts";
import { engineFor } from "../../src/profile/engine.ts";
import { Keeper } from "../../src/profile/keeper.ts";

const START = Date.UTC(2026, 0, 1);

const viewed = (id: string, time: number): Event => ({
  id,
  user: "ann",
  name: "Product Viewed",
  time,
  receivedAt: time,
  properties: { product_id: `p-${id}`, category: "Shoes" },
});

/** A keeper whose clock the test sets. */
const withClock = (work: (keeper: Keeper, clock: { now: number }) => void) =>
  runInDurableObject(env.PROFILES.get(env.PROFILES.newUniqueId()), (_, { storage }) => {
    const clock = { now: START };
    const engine = () => engineFor({});
    const keeper = new Keeper({
      storage,
      engine,
      discardEngine: () => {},
      wakeAt: () => {},
      retention: { events: 1000 },
      now: () => clock.now,
    });
    work(keeper, clock);
  });

const read = (keeper: Keeper, fields?: string[]) => {
  const result = keeper.read(fields === undefined ? {} : { fields });
  if (result.status !== "found") throw new Error(result.status);
  return JSON.parse(result.json);
};

describe("a read as of now", () => {
  it("is of the whole second, and of the next one after it", () =>
    withClock((keeper, clock) => {
      keeper.ingest("ann", [viewed("a", START - 5000)]);
      clock.now = START + 400;
      const first = read(keeper);
      expect(first.asOf).toBe(new Date(START).toISOString());
      clock.now = START + 999;
      expect(read(keeper)).toEqual(first);
      expect(read(keeper, ["asOf", "interests"])).toEqual({ asOf: first.asOf, interests: first.interests });
      clock.now = START + 86_400_000;
      const later = read(keeper);
      expect(later.interests.category.total).toBeLessThan(first.interests.category.total);
    }));

  it("contains an event of the same second", () =>
    withClock((keeper, clock) => {
      keeper.ingest("ann", [viewed("a", START)]);
      clock.now = START + 500;
      expect(read(keeper).events).toBe(1);
      keeper.ingest("ann", [viewed("b", START + 500)]);
      const both = read(keeper);
      expect(both).toMatchObject({ events: 2, asOf: new Date(START + 500).toISOString() });
      keeper.erase("a");
      expect(read(keeper).events).toBe(1);
    }));
});

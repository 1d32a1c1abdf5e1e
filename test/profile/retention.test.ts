import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/events/event.ts";
import { engineFor } from "../../src/profile/engine.ts";
import type { Retention } from "../../src/profile/retention.ts";
import { Keeper } from "../../src/profile/keeper.ts";

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const event = (i: number): Event => ({
  id: `e${i}`,
  user: "ann",
  name: "Product Viewed",
  time: START + i * HOUR,
  receivedAt: START,
  properties: { product_id: `p${i % 30}`, price: i % 100 },
});

const eventsOf = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => event(from + i));

let objects = 0;
/** A keeper on storage of its own. */
async function withKeeper<T>(
  retention: Retention,
  now: () => number,
  work: (keeper: Keeper, sql: SqlStorage) => T,
) {
  const stub = env.PROFILES.get(env.PROFILES.idFromName(`retention-${objects++}`));
  return runInDurableObject(stub, (_, { storage }) => {
    const engine = () => engineFor({});
    const place = { storage, engine, discardEngine: () => {}, wakeAt: () => {}, retention, now };
    return work(new Keeper(place), storage.sql);
  });
}

const profileOf = (keeper: Keeper, at: number) => {
  const result = keeper.read({ at });
  if (result.status !== "found") throw new Error(result.status);
  return JSON.parse(result.json);
};

const kept = (sql: SqlStorage) =>
  sql.exec<{ pages: number }>("SELECT count(*) AS pages FROM page").one().pages;

describe("retention by count", () => {
  it("drops whole pages, and what they left in the profile stays", async () => {
    const [limited, whole] = await Promise.all(
      [500, 1_000_000].map((events) =>
        withKeeper(
          { events },
          () => START,
          (keeper, sql) => {
            for (let i = 0; i < 2000; i += 50) keeper.ingest("ann", eventsOf(i, i + 50));
            return { profile: profileOf(keeper, START + 3000 * HOUR), pages: kept(sql) };
          },
        ),
      ),
    );
    expect(limited?.profile.digest).toBe(whole?.profile.digest);
    expect(limited?.profile.events).toBe(2000);
    expect(limited?.pages).toBeLessThan(12);
    expect(whole?.pages).toBeGreaterThan(20);
  });

  it("keeps what the limit says, and calls older events late, never half-applied", async () => {
    await withKeeper(
      { events: 300 },
      () => START,
      (keeper) => {
        for (let i = 0; i < 1000; i += 50) keeper.ingest("ann", eventsOf(i, i + 50));
        const before = profileOf(keeper, START + 2000 * HOUR);
        const late = keeper.ingest("ann", [
          { ...event(3), id: "very late" },
          event(990),
          { ...event(900), id: "in time" },
        ]);
        expect(late).toMatchObject({
          receipts: [
            { status: "late", code: "past-retention" },
            { status: "duplicate" },
            { status: "applied" },
          ],
        });
        expect(profileOf(keeper, START + 2000 * HOUR).events).toBe(before.events + 1);
        const listed = keeper.events({ limit: 200, to: START + 500 * HOUR });
        expect(listed).toMatchObject({ status: "listed", events: [] });
      },
    );
  });

  it("still refolds late events right, from the checkpoint that pruning leaves", async () => {
    const order = eventsOf(0, 1500);
    const moved = [...order.slice(0, 1300), ...order.slice(1350), ...order.slice(1300, 1350)];
    const digests = [];
    for (const events of [order, moved]) {
      digests.push(
        await withKeeper(
          { events: 400 },
          () => START,
          (keeper) => {
            for (let i = 0; i < events.length; i += 50) keeper.ingest("ann", events.slice(i, i + 50));
            return profileOf(keeper, START + 2000 * HOUR).digest;
          },
        ),
      );
    }
    expect(digests[0]).toBe(digests[1]);
  });

  it("cannot say how the profile was before the kept history", async () => {
    await withKeeper(
      { events: 300 },
      () => START,
      (keeper) => {
        for (let i = 0; i < 1000; i += 50) keeper.ingest("ann", eventsOf(i, i + 50));
        expect(keeper.read({ at: START + 10 * HOUR })).toEqual({ status: "forgotten" });
        expect(profileOf(keeper, START + 950 * HOUR).events).toBe(951);
      },
    );
  });
});

describe("retention by age", () => {
  it("drops pages that are too old, also when nothing else happens than one more event", async () => {
    let now = START + 1000 * HOUR;
    await withKeeper(
      { events: 1_000_000, ageMs: 30 * DAY },
      () => now,
      (keeper, sql) => {
        keeper.ingest("ann", eventsOf(300, 1000));
        const before = kept(sql);
        now += 20 * DAY;
        keeper.ingest("ann", [{ ...event(1001), time: now }]);
        expect(kept(sql)).toBeLessThan(before);
        expect(profileOf(keeper, now).events).toBe(701);
      },
    );
  });

  it("leaves no copy of what it drops", async () => {
    let now = START;
    await withKeeper(
      { events: 1_000_000, ageMs: 30 * DAY },
      () => now,
      (keeper, sql) => {
        for (let i = 0; i < 70; i++) keeper.ingest("ann", [event(i)]);
        const copies = () => sql.exec("SELECT version FROM appended").toArray().length;
        const before = copies();
        now += 40 * DAY;
        keeper.ingest("ann", [{ ...event(70), time: now }]);
        expect([kept(sql), before, copies()]).toEqual([0, 63, 5]);
        expect(profileOf(keeper, now).events).toBe(71);
      },
    );
  });

  it("calls an event late that is older than that", async () => {
    await withKeeper(
      { events: 1_000_000, ageMs: 30 * DAY },
      () => START + 60 * DAY,
      (keeper) => {
        const result = keeper.ingest("ann", [event(0), event(50 * 24)]);
        expect(result).toMatchObject({
          receipts: [{ status: "late", code: "past-retention" }, { status: "applied" }],
        });
      },
    );
  });
});

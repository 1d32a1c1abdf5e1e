import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { Event } from "../../src/events/event.ts";
import { type Engine, engineFor } from "../../src/profile/engine.ts";
import { Keeper } from "../../src/profile/keeper.ts";
import { Merging } from "../../src/profile/merging.ts";
import { Profile } from "../../src/profile/object.ts";
import { Parcels } from "../../src/profile/parcels.ts";
import { dropAt, keptFrom, type Retention } from "../../src/profile/retention.ts";
import { ingestInto } from "./asking.ts";
import { changed } from "./engines.ts";

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
  work: (keeper: Keeper, sql: SqlStorage, wakeAt: (time: number) => void) => T,
) {
  const stub = env.PROFILES.get(env.PROFILES.idFromName(`retention-${objects++}`));
  return runInDurableObject(stub, (_, { storage }) => {
    const engine = () => engineFor({});
    const wakeAt = vi.fn();
    const place = { storage, engine, discardEngine: () => {}, wakeAt, retention, now };
    return work(new Keeper(place), storage.sql, wakeAt);
  });
}

const profileOf = (keeper: Keeper, at: number) => {
  const result = keeper.read({ at });
  if (result.status !== "found") throw new Error(result.status);
  return JSON.parse(result.json);
};

const idsOf = (keeper: Keeper) => {
  const result = keeper.events({ limit: 200, oldestFirst: true });
  if (result.status !== "listed") throw new Error(result.status);
  return result.events.map(({ id }) => id);
};

/** Where events are stored as they are: pages are compressed. */
const stored = (sql: SqlStorage) =>
  [...sql.exec("SELECT tail AS events FROM head UNION ALL SELECT events FROM appended")]
    .map(({ events }) => new TextDecoder().decode(events instanceof ArrayBuffer ? events : undefined))
    .join("");

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
    expect(limited?.pages).toBeLessThan(5);
    expect(whole?.pages).toBeGreaterThan(6);
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
  it("drops pages that are too old", async () => {
    let now = START + 1000 * HOUR;
    await withKeeper(
      { events: 1_000_000, ageMs: 30 * DAY },
      () => now,
      (keeper, sql) => {
        keeper.ingest("ann", eventsOf(300, 1000));
        const before = kept(sql);
        now += 20 * DAY;
        keeper.ingest("ann", [{ ...event(1001), time: now }]);
        keeper.tend();
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
        keeper.tend();
        expect([kept(sql), before, copies()]).toEqual([0, 63, 0]);
        keeper.ingest("ann", [{ ...event(70), time: now }]);
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

  it("reaches the newest events, and what they left in the profile stays", async () => {
    let now = START + 10 * HOUR;
    const digests = await Promise.all(
      [{ events: 1_000_000, ageMs: 30 * DAY }, { events: 1_000_000 }].map((retention) =>
        withKeeper(
          retention,
          () => now,
          (keeper, sql) => {
            now = START + 10 * HOUR;
            for (let i = 0; i < 10; i++) keeper.ingest("ann", [event(i)]);
            now = START + 34 * DAY;
            keeper.ingest("ann", [event(800)]);
            keeper.tend();
            if (retention.ageMs !== undefined) {
              expect(idsOf(keeper)).toEqual(["e800"]);
              expect(stored(sql)).not.toContain('"id":"e9"');
              expect(keeper.read({ at: START + 5 * HOUR })).toEqual({ status: "forgotten" });
              expect(keeper.ingest("ann", [event(3)])).toMatchObject({ receipts: [{ status: "late" }] });
            }
            expect(profileOf(keeper, now).events).toBe(11);
            return profileOf(keeper, now).digest;
          },
        ),
      ),
    );
    expect(digests[0]).toBe(digests[1]);
  });

  it("cuts the page in which it ends", async () => {
    const retention = { events: 1_000_000, ageMs: 30 * DAY };
    let now = START + 200 * HOUR;
    await withKeeper(
      retention,
      () => now,
      (keeper, sql) => {
        keeper.ingest("ann", eventsOf(0, 200));
        now = START + 100 * HOUR + 32 * DAY;
        keeper.tend();
        const from = keptFrom("ann", retention, now);
        const first = Math.ceil((from - START) / HOUR);
        expect(first).toBeGreaterThan(80);
        expect(kept(sql)).toBe(1);
        expect(idsOf(keeper)).toEqual(eventsOf(first, 200).map(({ id }) => id));
        expect(profileOf(keeper, now).events).toBe(200);
        expect(keeper.read({ at: from - HOUR })).toEqual({ status: "forgotten" });
        // What is folded again begins after what was dropped.
        keeper.erase("e150");
        expect(profileOf(keeper, now).events).toBe(199);
      },
    );
  });

  it("needs no event: an alarm is asked for, once for all of a day", async () => {
    const retention = { events: 1_000_000, ageMs: 30 * DAY };
    let now = START;
    await withKeeper(
      retention,
      () => now,
      (keeper, sql, wakeAt) => {
        keeper.ingest("ann", [event(0)]);
        const due = dropAt("ann", retention, START);
        expect(wakeAt).toHaveBeenLastCalledWith(due);
        expect(due).toBeGreaterThan(START + 30 * DAY);
        expect(due).toBeLessThanOrEqual(START + 31 * DAY);
        const asked = vi.mocked(wakeAt).mock.calls.length;
        for (let i = 1; i < 60; i++) keeper.ingest("ann", [{ ...event(i), time: START + i }]);
        expect(vi.mocked(wakeAt).mock.calls.length).toBe(asked);
        now = due - 1;
        keeper.tend();
        expect(idsOf(keeper)).toHaveLength(60);
        now = due;
        keeper.tend();
        expect(idsOf(keeper)).toEqual([]);
        expect(stored(sql)).not.toContain('"id"');
        expect(profileOf(keeper, now).events).toBe(60);
      },
    );
  });

  it("leaves an event for as long as it may come again by a corrected clock, and count twice", async () => {
    const retention = { events: 1_000_000, ageMs: 30 * DAY };
    // Shortly before the end of a step.
    const time = keptFrom("ann", retention, START) - HOUR / 6;
    let now = time + HOUR;
    await withKeeper(
      retention,
      () => now,
      (keeper) => {
        keeper.ingest("ann", [{ ...event(0), time }]);
        now = time + 30 * DAY + HOUR / 2;
        keeper.tend();
        const again = keeper.ingest("ann", [{ ...event(0), time: time + HOUR }]);
        expect(again).toMatchObject({ receipts: [{ status: "duplicate" }] });
      },
    );
  });

  it("waits while a long history is folded under another definition", async () => {
    const retention = { events: 1_000_000, ageMs: 30 * DAY };
    const stub = env.PROFILES.get(env.PROFILES.idFromName(`retention-${objects++}`));
    await runInDurableObject(stub, (_, { storage }) => {
      let now = START;
      const under = (engine: Engine) =>
        new Keeper({
          storage,
          engine: () => engine,
          discardEngine: () => {},
          wakeAt: () => {},
          retention,
          now: () => now,
        });
      const before = under(engineFor({}));
      for (let i = 0; i < 17_000; i += 1000)
        before.ingest(
          "ann",
          eventsOf(i, i + 1000).map((e, j) => ({ ...e, time: START + (i + j) * 60_000 })),
        );
      now = START + 40 * DAY;
      const after = under(changed());
      after.tend();
      expect(idsOf(after)[0]).toBe("e0");
      after.tend();
      expect(idsOf(after)[0]).not.toBe("e0");
      // Folded anew with all of it, before any of it went.
      expect(profileOf(after, now).events).toBe(17_000);
    });
  });

  it("is what the object's alarm does, which is set with the first event and outlives the instance", async () => {
    const user = "retention-alarm";
    const stub = env.PROFILES.get(env.PROFILES.idFromName(user));
    const time = Date.now() - 10 * DAY;
    const alarms: (number | null)[] = [];
    const within = (work: (profile: Profile) => Promise<void>) =>
      runInDurableObject(stub, async (_, state) => {
        const profile = new Profile(state, { ...env, RETENTION_DAYS: "30" });
        await work(profile);
        alarms.push(await state.storage.getAlarm());
      });
    await within(async (profile) => {
      await ingestInto(profile, user, [{ ...event(0), user, time }]);
    });
    await evictDurableObject(stub);
    await within(async (profile) => {
      await ingestInto(profile, user, [{ ...event(1), user, time: time + DAY }]);
    });
    expect(alarms).toEqual([dropAt(user, { events: 0, ageMs: 30 * DAY }, time), alarms[0]]);
    await within(async (profile) => {
      vi.useFakeTimers({ now: (alarms[0] ?? 0) + 1, toFake: ["Date"] });
      await profile.alarm();
      vi.useRealTimers();
      const listed = await profile.events({ limit: 10 });
      expect(listed).toMatchObject({ events: [{ id: "e1" }] });
    });
    expect(alarms[2]).toBe(dropAt(user, { events: 0, ageMs: 30 * DAY }, time + DAY));
  });

  it("waits while a part of the history is on its way to here, or from here", async () => {
    const retention = { events: 1_000_000, ageMs: 30 * DAY };
    let now = START + HOUR;
    await withKeeper(
      retention,
      () => now,
      (keeper) => {
        keeper.ingest("ann", eventsOf(0, 3));
        const merging = new Merging(keeper);
        merging.adopt("ann", { name: "anonymous:device", epoch: "epoch", members: [], erasures: [] });
        now = START + 40 * DAY;
        keeper.tend();
        expect(idsOf(keeper)).toHaveLength(3);
        new Parcels(keeper).take("ann", "epoch", { number: 1, events: [], isLast: true });
        merging.begin("ann", "bob");
        keeper.tend();
        expect(idsOf(keeper)).toHaveLength(3);
        merging.abandon(merging.moving?.epoch ?? "");
        keeper.tend();
        expect(idsOf(keeper)).toEqual([]);
      },
    );
  });
});

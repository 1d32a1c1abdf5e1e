import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ProfileStub } from "../../src/environment.ts";
import type { Event } from "../../src/events/event.ts";
import { engineFor } from "../../src/profile/engine.ts";
import { Keeper } from "../../src/profile/keeper.ts";
import { ingestInto, readFrom } from "./asking.ts";

// The faults of a running system, each by name. Those that need a process to die are in test/faults: kill -9 before,
// after and in the middle of a commit (crash.test.ts), lost and repeated messages (simulation.test.ts). Those of single
// requests to failing objects are in test/http. Not testable here, for lack of the means: a full disk (the status is
// tested with a fault of that name in test/http), the platform's own overload signal (likewise).

const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const AT = START + 1000 * DAY;

let users = 0;
const newProfile = () => {
  const user = `fault-${users++}`;
  return { user, stub: env.PROFILES.get(env.PROFILES.idFromName(user)) };
};

const event = (user: string, i: number, more: Partial<Event> = {}): Event => ({
  id: `e${i}`,
  user,
  name: "Product Viewed",
  time: START + i * 60_000,
  receivedAt: START,
  properties: { product_id: `p${i % 20}`, price: i },
  ...more,
});

const eventsOf = (user: string, count: number) => Array.from({ length: count }, (_, i) => event(user, i));

async function digest(stub: ProfileStub): Promise<string> {
  const result = await readFrom(stub, { at: AT });
  if (result.status !== "found") throw new Error(`the profile was ${result.status}`);
  return JSON.parse(result.json).digest;
}

const post = (body: unknown) =>
  exports.default.fetch(
    new Request("https://limn.test/v1/events", {
      method: "POST",
      headers: { Authorization: `Bearer ${env.WRITE_KEY}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

const native = (userId: string, i: number) => ({
  id: `e${i}`,
  userId,
  event: "Product Viewed",
  timestamp: new Date(START + i * 60_000).toISOString(),
  properties: { price: i },
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("faults", () => {
  it("the same batch 100 times at once is applied once", async () => {
    const { user, stub } = newProfile();
    const batch = eventsOf(user, 50);
    const results = await Promise.all(Array.from({ length: 100 }, () => ingestInto(stub, user, batch)));
    const receipts = results.flatMap((result) => (result.status === "ingested" ? result.receipts : []));
    expect(receipts.filter(({ status }) => status === "applied")).toHaveLength(50);
    expect(receipts.filter(({ status }) => status === "duplicate")).toHaveLength(4950);
  });

  it("the same id for another user is another event", async () => {
    const a = `fault-${users++}`;
    const b = `fault-${users++}`;
    const response = await post([native(a, 1), native(b, 1)]);
    expect(await response.json()).toMatchObject({ receipts: [{ status: "applied" }, { status: "applied" }] });
  });

  it("the Nth statement fails: nothing of the batch stays, and the retry applies it once", async () => {
    const { user, stub } = newProfile();
    await ingestInto(stub, user, eventsOf(user, 200));
    // A batch that seals a page and changes an older one writes through every kind of statement.
    const batch = [...eventsOf(user, 500).slice(200), event(user, 5, { id: "late" })];
    const before = await digest(stub);
    let failed = 0;
    for (let nth = 1; ; nth++) {
      const fired = await runInDurableObject(stub, (_, { storage }) => {
        const { exec } = storage.sql;
        let statements = 0;
        let fired = false;
        vi.spyOn(storage.sql, "exec").mockImplementation((query, ...bindings) => {
          if (++statements === nth) {
            fired = true;
            throw new Error("disk I/O error: SQLITE_IOERR");
          }
          return Reflect.apply(exec, storage.sql, [query, ...bindings]);
        });
        const keeper = keeperOf(storage);
        try {
          keeper.ingest(user, batch);
        } catch (error) {
          expect(String(error)).toContain("SQLITE_IOERR");
        }
        vi.restoreAllMocks();
        return fired;
      });
      if (!fired) break;
      failed++;
      await evictDurableObject(stub);
      expect(await digest(stub)).toBe(before);
    }
    expect(failed).toBeGreaterThan(8);
    await evictDurableObject(stub);
    const whole = newProfile();
    await ingestInto(whole.stub, whole.user, [
      ...eventsOf(whole.user, 500),
      event(whole.user, 5, { id: "late" }),
    ]);
    expect(await digest(stub)).toBe(await digest(whole.stub));
  });

  it("a failed statement drops what memory held: the next call reads from storage", async () => {
    const { user, stub } = newProfile();
    await ingestInto(stub, user, eventsOf(user, 10));
    const events = await runInDurableObject(stub, (_, { storage }) => {
      const keeper = keeperOf(storage);
      keeper.read({ at: AT });
      const { exec } = storage.sql;
      vi.spyOn(storage.sql, "exec").mockImplementation((query, ...bindings) => {
        if (query.startsWith("INSERT")) throw new Error("SQLITE_IOERR");
        return Reflect.apply(exec, storage.sql, [query, ...bindings]);
      });
      expect(() => keeper.ingest(user, [event(user, 11)])).toThrow("SQLITE_IOERR");
      vi.restoreAllMocks();
      const result = keeper.read({ at: AT });
      return result.status === "found" ? JSON.parse(result.json).events : result.status;
    });
    expect(events).toBe(10);
  });

  it("an alarm that runs twice, or for nothing, changes nothing", async () => {
    const { user, stub } = newProfile();
    await ingestInto(stub, user, eventsOf(user, 10));
    const before = await digest(stub);
    await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(Date.now()));
    await runDurableObjectAlarm(stub);
    await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(Date.now()));
    await runDurableObjectAlarm(stub);
    expect(await digest(stub)).toBe(before);
  });

  it("a clock a day back or forward leaves the fold as it is", async () => {
    const digests = [];
    for (const skew of [-DAY, 0, DAY]) {
      const { user, stub } = newProfile();
      await runInDurableObject(stub, (_, { storage }) => {
        let now = AT;
        const keeper = keeperOf(storage, () => now);
        keeper.ingest(user, eventsOf(user, 100));
        now += skew;
        keeper.ingest(user, [event(user, 101), event(user, 50, { id: "late" })]);
      });
      digests.push(await digest(stub));
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("an event that comes while it is being erased stays out: erased events win", async () => {
    const { user, stub } = newProfile();
    await ingestInto(stub, user, eventsOf(user, 5));
    const [, again] = await Promise.all([stub.erase(user, "e2"), ingestInto(stub, user, [event(user, 2)])]);
    const receipt = again.status === "ingested" ? again.receipts[0]?.status : again.status;
    expect(["duplicate", "suppressed"]).toContain(receipt);
    const page = await stub.events({ limit: 10 });
    expect(page.status === "listed" && page.events.map(({ id }) => id)).toEqual(["e4", "e3", "e1", "e0"]);
  });

  it("eviction between a late event and its retry changes nothing", async () => {
    const { user, stub } = newProfile();
    await ingestInto(stub, user, eventsOf(user, 300).slice(1));
    await ingestInto(stub, user, [event(user, 0)]);
    const before = await digest(stub);
    await evictDurableObject(stub);
    expect(await ingestInto(stub, user, [event(user, 0)])).toMatchObject({
      receipts: [{ status: "duplicate" }],
    });
    expect(await digest(stub)).toBe(before);
  });
});

function keeperOf(storage: DurableObjectStorage, now = () => AT): Keeper {
  return new Keeper({
    storage,
    engine: () => engineFor({}),
    discardEngine: () => {},
    wakeAt: () => {},
    retention: { events: 1_000_000 },
    now,
  });
}

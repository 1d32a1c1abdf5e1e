import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { ProfileStub } from "../../src/environment.ts";
import type { Event } from "../../src/events/event.ts";
import { engineFor } from "../../src/profile/engine.ts";
import { Keeper } from "../../src/profile/keeper.ts";
import { Merging } from "../../src/profile/merging.ts";
import { Parcels } from "../../src/profile/parcels.ts";
import { profileOf } from "../../src/profile/stub.ts";
import { ingestInto, readFrom } from "./asking.ts";

// How objects carry a merge through. What interleaves how, with faults at every statement and message, is in
// test/faults/merging.test.ts; what the routes answer in test/http/merge.test.ts.

const START = Date.UTC(2026, 0, 1);
const AT = START + 1000 * 86_400_000;

let names = 0;
const newName = () => `merge-${names++}`;
const object = (name: string) => profileOf(env, name);

const event = (user: string, i: number, more: Partial<Event> = {}): Event => ({
  id: `${user}-${i}`,
  user,
  name: i % 5 === 0 ? "Order Completed" : "Product Viewed",
  time: START + ((i * 7919) % 20_000) * 60_000,
  receivedAt: START,
  properties: { product_id: `p${i % 50}`, category: `c${i % 9}`, price: i % 100, value: i },
  ...more,
});
const eventsOf = (user: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => event(user, from + i));

async function ingest(user: string, events: Event[]) {
  let at = user;
  for (let hops = 0; hops < 10; hops++) {
    const result = await ingestInto(object(at), at, events, at === user ? undefined : user);
    if (result.status === "ingested") return result;
    if (result.status !== "moved") throw new Error(result.code);
    at = result.to;
  }
  throw new Error("it leads nowhere");
}

async function read(user: string) {
  const result = await readFrom(object(user), { at: AT });
  if (result.status !== "found") throw new Error(`the profile was ${result.status}`);
  return JSON.parse(result.json);
}

async function digestOf(events: Event[]) {
  const user = newName();
  for (let from = 0; from < events.length; from += 2500)
    await ingest(
      user,
      events.slice(from, from + 2500).map((one) => ({ ...one, user })),
    );
  const { digest, events: count } = await read(user);
  return [digest, count];
}

const settled = (user: string) =>
  vi.waitFor(
    async () => {
      const profile = await read(user);
      expect(profile.merging).toBeUndefined();
      return profile;
    },
    { timeout: 20_000, interval: 20 },
  );

/** A stub that the helpers of the test runtime take. */
const isStub = (stub: unknown): stub is ProfileStub => typeof stub === "object" && stub !== null;
const stubOf = (name: string): ProfileStub => {
  const stub = object(name);
  if (!isStub(stub)) throw new Error("a stub was expected");
  return stub;
};

describe("a long history", { timeout: 60_000 }, () => {
  it("moves in parcels, and nothing that comes meanwhile is lost or counts twice", async () => {
    const [a, b] = [newName(), newName()];
    const [old, own, late] = [eventsOf(a, 0, 10_000), eventsOf(b, 0, 3000), eventsOf(a, 10_000, 10_200)];
    for (const events of [old, own])
      for (let from = 0; from < events.length; from += 2500)
        await ingest(events[0]?.user ?? "", events.slice(from, from + 2500));
    const merged = await object(a).merge(a, b);
    expect(merged).toEqual({ status: "merged", into: b, moving: true });
    expect(await read(b)).toMatchObject({ merging: true });
    expect(await object(b).erase(b, own[0]?.id ?? "")).toEqual({ status: "merging" });
    // Some of it retried, some new, while the rest is on its way.
    for (let i = 0; i < 200; i += 50)
      await ingest(a, [...old.slice(i * 40, i * 40 + 20), ...late.slice(i, i + 50)]);
    const { digest, events } = await settled(b);
    expect([digest, events]).toEqual(await digestOf([...old, ...own, ...late]));
    expect(await rowsOf(a, "page")).toBe(0);

    expect(await object(b).unmerge(b, a)).toMatchObject({ status: "unmerged", moving: true });
    await ingest(a, eventsOf(a, 10_200, 10_250));
    const [alone, without] = [await settled(a), await settled(b)];
    expect([alone.digest, alone.events]).toEqual(
      await digestOf([...old, ...late, ...eventsOf(a, 10_200, 10_250)]),
    );
    expect([without.digest, without.events]).toEqual(await digestOf(own));
  });

  it("goes on where it was after its objects have died, again and again", async () => {
    const [a, b] = [newName(), newName()];
    const [old, own] = [eventsOf(a, 0, 12_000), eventsOf(b, 0, 500)];
    for (let from = 0; from < old.length; from += 2500) await ingest(a, old.slice(from, from + 2500));
    await ingest(b, own);
    await object(a).merge(a, b);
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      await abortAllDurableObjects();
    }
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(stubOf(a));
        expect((await read(b)).merging).toBeUndefined();
      },
      { timeout: 20_000 },
    );
    const { digest, events } = await read(b);
    expect([digest, events]).toEqual(await digestOf([...old, ...own]));
  });
});

describe("a crash", () => {
  it("before the other side is asked leaves a profile that works, and an alarm that goes on", async () => {
    const [a, b] = [newName(), newName()];
    await ingest(a, eventsOf(a, 0, 10));
    await runInDurableObject(stubOf(a), (_, { storage }) => {
      new Merging(keeperOf(storage)).begin(a, b);
      return storage.setAlarm(Date.now() + 60_000);
    });
    await evictDurableObject(stubOf(a));
    await ingest(a, eventsOf(a, 10, 20));
    expect(await object(b).standing(b)).toEqual({ status: "root" });
    await runDurableObjectAlarm(stubOf(a));
    expect(await object(a).standing(a)).toEqual({ status: "moved", to: b });
    expect((await settled(b)).events).toBe(20);
  });

  it("between the other side's agreement and this one's note of it is harmless", async () => {
    const [a, b] = [newName(), newName()];
    await ingest(a, eventsOf(a, 0, 10));
    const offer = await runInDurableObject(stubOf(a), async (_, { storage }) => {
      const merging = new Merging(keeperOf(storage));
      merging.begin(a, b);
      const { moving } = merging;
      await storage.setAlarm(Date.now() + 60_000);
      return moving === undefined ? undefined : merging.offer(moving);
    });
    if (offer === undefined || "status" in offer) throw new Error("an offer was expected");
    expect(await object(b).adopt(b, offer)).toEqual({ status: "accepted" });
    await evictDurableObject(stubOf(a));
    // Still its own, and it stays so until it knows.
    await ingest(a, eventsOf(a, 10, 20));
    await runDurableObjectAlarm(stubOf(a));
    expect((await settled(b)).events).toBe(20);
    // A message from then, much later.
    expect(await object(b).adopt(b, offer)).toEqual({ status: "waiting" });
  });

  it("between a parcel's arrival and the note of it takes it in once", async () => {
    const [a, b] = [newName(), newName()];
    await ingest(a, eventsOf(a, 0, 10));
    await ingest(b, eventsOf(b, 0, 10));
    const sending = await runInDurableObject(stubOf(a), async (_, { storage }) => {
      const keeper = keeperOf(storage);
      const merging = new Merging(keeper, () => "epoch");
      merging.begin(a, b);
      if (merging.moving === undefined) throw new Error("it should be moving");
      const offer = merging.offer(merging.moving);
      merging.activate("epoch", b);
      await storage.setAlarm(Date.now() + 60_000);
      return { offer, next: new Parcels(keeper).next(merging.moving) };
    });
    await evictDurableObject(stubOf(a));
    const { offer, next } = sending;
    if ("status" in offer || "status" in next) throw new Error("an offer and a parcel were expected");
    await object(b).adopt(b, offer);
    for (let i = 0; i < 2; i++)
      expect(await object(b).take(b, "epoch", next.parcel)).toEqual({ status: "taken" });
    await runDurableObjectAlarm(stubOf(a));
    expect(await object(b).take(b, "epoch", next.parcel)).toEqual({ status: "taken" });
    expect((await settled(b)).events).toBe(20);
    expect(await rowsOf(a, "page")).toBe(0);
  });
});

describe("what was erased", () => {
  it("goes along with a profile that never had an event of its own", async () => {
    const [a, b, c] = [newName(), newName(), newName()];
    await ingest(a, eventsOf(a, 0, 2));
    await object(a).erase(a, `${a}-0`);
    await object(a).erase(a, `${a}-1`);
    await object(a).merge(a, b);
    await vi.waitFor(async () => expect(await object(b).merge(b, c)).toMatchObject({ status: "merged" }));
    await evictDurableObject(stubOf(c));
    const { receipts } = await ingest(a, eventsOf(a, 0, 3));
    expect(receipts.map(({ status }) => status)).toEqual(["suppressed", "suppressed", "applied"]);
  });
});

describe("guards", { timeout: 60_000 }, () => {
  it("the hundred and first profile is not taken, and stays by itself", async () => {
    const root = newName();
    await ingest(root, eventsOf(root, 0, 1));
    for (let i = 0; i < 100; i++) {
      const name = newName();
      expect(await object(name).merge(name, root)).toMatchObject({ status: "merged" });
    }
    const last = newName();
    await ingest(last, eventsOf(last, 0, 3));
    expect(await object(last).merge(last, root)).toMatchObject({ status: "refused" });
    expect(await object(last).standing(last)).toEqual({ status: "root" });
    expect((await read(last)).events).toBe(3);
  });

  it("a chain is at most eight long, by whichever end it grows", async () => {
    const chain = Array.from({ length: 10 }, newName);
    const results: string[] = [];
    for (const [i, name] of chain.entries()) {
      const into = chain[i + 1];
      if (into !== undefined) results.push((await object(name).merge(name, into)).status);
    }
    expect(results).toEqual([...Array(8).fill("merged"), "refused"]);
  });
});

describe("events that do not count in the merged profile", () => {
  /** What is sent back of a part whose events these were. */
  const roundTrip = (storage: DurableObjectStorage, retention: number, own: Event[], sent: Event[]) => {
    const keeper = keeperOf(storage, retention);
    const merging = new Merging(keeper, () => "back");
    const parcels = new Parcels(keeper);
    for (let from = 0; from < own.length; from += 50) keeper.ingest("b", own.slice(from, from + 50));
    const digest = () => {
      const result = keeper.read({ at: AT });
      return result.status === "found" ? JSON.parse(result.json).digest : result.status;
    };
    const before = digest();
    merging.adopt("b", { name: "a", epoch: "to", members: [], erasures: [] });
    parcels.take("b", "to", { number: 1, events: sent, isLast: true });
    const merged = digest();
    merging.release("b", "a");
    merging.restored("back");
    if (merging.moving === undefined) throw new Error("it should be moving");
    const next = parcels.next(merging.moving);
    if ("status" in next) throw new Error(next.code);
    parcels.sent("back", next.parcel, next.position);
    while (merging.moving !== undefined) parcels.mend(merging.moving);
    return { before, merged, after: digest(), events: next.parcel.events };
  };
  const sentBy = (events: Event[]) => events.map((one) => ({ ...one, user: "a", origin: "a" }));
  const inOrder = (from: number, to: number, prefix = "b") =>
    Array.from({ length: to - from }, (_, i) =>
      event(prefix, from + i, { time: START + (from + i) * 60_000 }),
    );

  it("because they lie before the kept history, come back whole", async () => {
    const sent = sentBy(inOrder(0, 10, "a"));
    const { before, merged, after, events } = await runInDurableObject(stubOf(newName()), (_, { storage }) =>
      roundTrip(storage, 300, inOrder(0, 1000), sent),
    );
    expect([merged, after]).toEqual([before, before]);
    expect(events.map(({ id }) => id)).toEqual(sent.map(({ id }) => id));
  });

  it("because their id is another's, come back with their own body", async () => {
    const own = inOrder(0, 200);
    const sent = sentBy(
      [own[150], own[3]].flatMap((one) => (one ? [{ ...one, properties: { price: 1e5 } }] : [])),
    );
    const { before, merged, after, events } = await runInDurableObject(stubOf(newName()), (_, { storage }) =>
      roundTrip(storage, 10_000, own, sent),
    );
    expect([merged, after]).toEqual([before, before]);
    expect(events).toMatchObject(sent.map(({ id, properties }) => ({ id, properties, origin: "a" })));
  });
});

describe("a profile that was never merged", () => {
  it("has no table for it, and asks none", async () => {
    const a = newName();
    const asked = await runInDurableObject(stubOf(a), (_, { storage }) => {
      const keeper = keeperOf(storage);
      keeper.ingest(a, eventsOf(a, 0, 3));
      const spy = vi.spyOn(storage.sql, "exec");
      keeper.ingest(
        a,
        eventsOf(a, 3, 4).map((one) => ({ ...one, time: AT })),
      );
      keeper.read({ at: AT });
      const queries = spy.mock.calls.map(([query]) => query.slice(0, 26));
      spy.mockRestore();
      return queries;
    });
    expect(asked).toEqual(["INSERT OR REPLACE INTO app", "SELECT version FROM append"]);
    expect(await rowsOf(a, "merge_moving")).toBeUndefined();
  });
});

const rowsOf = (name: string, table: string) =>
  runInDurableObject(stubOf(name), (_, { storage: { sql } }) => {
    const [found] = sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", table).toArray();
    if (found === undefined) return undefined;
    return sql.exec<{ count: number }>(`SELECT count(*) AS count FROM ${table}`).one().count;
  });

function keeperOf(storage: DurableObjectStorage, events = 1_000_000): Keeper {
  return new Keeper({
    storage,
    engine: () => engineFor({}),
    discardEngine: () => {},
    wakeAt: () => {},
    retention: { events },
    now: () => AT,
  });
}

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { ProfileStub } from "../../src/environment.ts";
import type { Event } from "../../src/events/event.ts";
import { Profile } from "../../src/profile/object.ts";
import { ingestInto, readFrom } from "./asking.ts";
import { event, MINUTE, newProfile, range, START } from "./visitors.ts";

const AT = START + 10_000 * MINUTE;

async function read(stub: ProfileStub, at = AT) {
  const result = await readFrom(stub, { at });
  if (result.status !== "found") throw new Error(`the profile was ${result.status}`);
  return JSON.parse(result.json);
}

async function ingest(stub: ProfileStub, user: string, events: Event[]) {
  const result = await ingestInto(stub, user, events);
  if (result.status !== "ingested") throw new Error(`the events were ${result.status}`);
  return result;
}

const statuses = (receipts: { status: string }[]) => {
  const counts: Record<string, number> = {};
  for (const { status } of receipts) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** A seeded shuffle. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const result = [...list];
  let state = seed;
  for (let i = result.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

describe("the profile object", () => {
  it("contains an event as soon as it is acknowledged", async () => {
    const { user, stub } = newProfile();
    const { version, receipts } = await ingest(stub, user, [event(user, 1)]);
    expect(receipts).toEqual([{ id: "e1", status: "applied" }]);
    expect(await read(stub)).toMatchObject({ id: user, version, events: 1, definition: "ecommerce" });
  });

  it("applies a retried batch once", async () => {
    const { user, stub } = newProfile();
    const batch = range(0, 100).map((i) => event(user, i));
    await ingest(stub, user, batch);
    const before = await read(stub);
    const again = await ingest(stub, user, batch);
    expect(statuses(again.receipts)).toEqual({ duplicate: 100 });
    expect(await read(stub)).toEqual(before);
  });

  it("applies an event once that is twice in a batch", async () => {
    const { user, stub } = newProfile();
    const { receipts } = await ingest(stub, user, [event(user, 1), event(user, 1), event(user, 2)]);
    expect(receipts.map(({ status }) => status)).toEqual(["applied", "duplicate", "applied"]);
    expect((await read(stub)).events).toBe(2);
  });

  it("keeps the first of two bodies with one id and reports the conflict, in the tail and in pages", async () => {
    const { user, stub } = newProfile();
    await ingest(
      stub,
      user,
      range(0, 200).map((i) => event(user, i)),
    );
    const other = { properties: { price: 1e6 } };
    const { receipts } = await ingest(stub, user, [
      event(user, 3, other),
      event(user, 199, other),
      event(user, 4, { time: START }),
    ]);
    expect(receipts).toEqual([
      { id: "e3", status: "duplicate", conflict: true },
      { id: "e199", status: "duplicate", conflict: true },
      { id: "e4", status: "duplicate" },
    ]);
    expect((await read(stub)).numbers.price.max).toBe(99);
  });

  it("folds to the same bytes in any order of arrival and any batches", async () => {
    const all = range(0, 700).map((i) => event("x", i, { time: START + Math.floor(i / 3) * MINUTE }));
    const digests = new Set<string>();
    for (const seed of [0, 1, 2, 3]) {
      const { user, stub } = newProfile();
      const order = seed === 0 ? all : shuffled(all, seed);
      const size = [700, 7, 61, 129][seed] ?? 1;
      for (let from = 0; from < order.length; from += size) {
        const { receipts } = await ingest(
          stub,
          user,
          order.slice(from, from + size).map((e) => ({ ...e, user })),
        );
        expect(statuses(receipts)).toEqual({ applied: receipts.length });
      }
      digests.add((await read(stub)).digest);
    }
    expect(digests.size).toBe(1);
  });

  it("reads the same after eviction", async () => {
    const { user, stub } = newProfile();
    await ingest(
      stub,
      user,
      range(0, 300).map((i) => event(user, i)),
    );
    const before = await read(stub);
    await evictDurableObject(stub);
    expect(await read(stub)).toEqual(before);
    const { receipts } = await ingest(stub, user, [event(user, 5), event(user, 301)]);
    expect(receipts.map(({ status }) => status)).toEqual(["duplicate", "applied"]);
  });

  it("rebuilds a damaged state from the journal", async () => {
    const { user, stub } = newProfile();
    await ingest(
      stub,
      user,
      range(0, 300).map((i) => event(user, i)),
    );
    const before = await read(stub);
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, { storage }) => {
      const { base } = storage.sql.exec<{ base: ArrayBuffer }>("SELECT base FROM head").one();
      const bytes = new Uint8Array(base);
      bytes[900] = ~(bytes[900] ?? 0);
      storage.sql.exec("UPDATE head SET base = ?", base);
    });
    const after = await read(stub);
    expect(after).toEqual({ ...before, version: before.version + 1 });
  });

  it("refuses to answer from a damaged journal, and says so", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, [event(user, 1)]);
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec("UPDATE head SET tail = ?", new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9]));
    });
    expect(await readFrom(stub, { at: AT })).toEqual({ status: "failed", code: "state-corrupt" });
    expect(await ingestInto(stub, user, [event(user, 2)])).toEqual({
      status: "failed",
      code: "state-corrupt",
    });
  });

  it("writes one row for a commit, and one more each 64 events", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, [event(user, 0)]);
    const rows = await runInDurableObject(stub, async (instance, { storage }) => {
      if (!(instance instanceof Profile)) throw new Error("a profile was expected");
      const counted = vi.spyOn(storage.sql, "exec");
      for (let i = 1; i <= 640; i++) await ingestInto(instance, user, [event(user, i)]);
      return counted.mock.results.reduce((sum, { value }) => sum + value.rowsWritten, 0);
    });
    expect(rows / 640).toBeLessThanOrEqual(1.02);
    expect(rows).toBeGreaterThanOrEqual(650);
  });

  it("appends when it has just woken, too: most users are idle between two events", async () => {
    const { user, stub } = newProfile();
    for (let i = 0; i < 5; i++) {
      await ingest(stub, user, [event(user, i)]);
      await evictDurableObject(stub);
    }
    const versions = await runInDurableObject(stub, (_, { storage: { sql } }) =>
      sql
        .exec<{ head: number; newest: number }>(
          "SELECT (SELECT version FROM head) AS head, (SELECT max(version) FROM appended) AS newest",
        )
        .one(),
    );
    expect(versions).toEqual({ head: 1, newest: 5 });
    expect((await read(stub)).events).toBe(5);
  });

  it("is the same after waking, whatever of its newest events were written together or appended", async () => {
    const { user, stub } = newProfile();
    const all = range(0, 150).map((i) => event(user, i));
    const [late, ...rest] = [all[100], ...all.slice(0, 100), ...all.slice(101)];
    let done = 0;
    for (const size of [1, 1, 3, 58, 1, 1, 1, 40, 1, 1, 1, 1, 1, 38]) {
      await ingest(stub, user, rest.slice(done, done + size) as Event[]);
      done += size;
      const before = await read(stub);
      await evictDurableObject(stub);
      expect(await read(stub)).toEqual(before);
    }
    expect(done).toBe(rest.length);
    await ingest(stub, user, [late as Event]);
    await evictDurableObject(stub);
    const whole = newProfile();
    await ingest(
      whole.stub,
      whole.user,
      all.map((one) => ({ ...one, user: whole.user })),
    );
    expect((await read(stub)).digest).toBe((await read(whole.stub)).digest);
  });

  it("keeps states within 8 KB", async () => {
    const { user, stub } = newProfile();
    await ingest(
      stub,
      user,
      range(0, 2000).map((i) =>
        event(user, i, {
          properties: {
            product_id: `product-${i}`,
            category: `Category ${i}`,
            brand: `Brand ${i}`,
            price: i,
          },
        }),
      ),
    );
    const bytes = await runInDurableObject(
      stub,
      (_, { storage }) =>
        storage.sql.exec<{ bytes: number }>("SELECT length(base) AS bytes FROM head").one().bytes,
    );
    expect(bytes).toBeLessThanOrEqual(8192);
  });

  it("answers how the profile was at a time in the past", async () => {
    const { user, stub } = newProfile();
    const all = range(0, 1500).map((i) => event(user, i));
    await ingest(stub, user, all);
    for (const count of [0, 1, 100, 700, 1450, 1499]) {
      const other = newProfile();
      const at = START + count * MINUTE - 1;
      if (count > 0)
        await ingest(
          other.stub,
          other.user,
          all.slice(0, count).map((e) => ({ ...e, user: other.user })),
        );
      const then = await read(stub, at);
      expect(then.events).toBe(count);
      if (count > 0) expect(then.digest).toBe((await read(other.stub, at)).digest);
    }
  });

  it("stores nothing for a user who is only asked about", async () => {
    const { stub } = newProfile();
    expect(await readFrom(stub, {})).toEqual({ status: "unknown" });
    expect(await stub.events({ limit: 10 })).toEqual({ status: "listed", events: [] });
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("lists events newest first, by name and time, page by page", async () => {
    const { user, stub } = newProfile();
    await ingest(
      stub,
      user,
      shuffled(
        range(0, 500).map((i) => event(user, i)),
        9,
      ),
    );
    const seen: string[] = [];
    let cursor: { time: number; id: string } | undefined;
    do {
      const page = await stub.events({
        limit: 37,
        name: "Order Completed",
        from: START + 50 * MINUTE,
        to: START + 450 * MINUTE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (page.status !== "listed") throw new Error(`the events were ${page.status}`);
      seen.push(...page.events.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(
      range(50, 450)
        .filter((i) => i % 5 === 0)
        .reverse()
        .map((i) => `e${i}`),
    );
  });

  it("lists what few events pass in either order, though it reads only so many pages at once", async () => {
    const { user, stub } = newProfile();
    const rare = [3, 4000, 9990];
    for (let from = 0; from < 10_000; from += 2500) {
      const events = range(from, from + 2500).map((i) =>
        event(user, i, rare.includes(i) ? { name: "Rare" } : {}),
      );
      await ingest(stub, user, events);
    }
    for (const oldestFirst of [false, true]) {
      const seen: string[] = [];
      let asked = 0;
      let cursor: { time: number; id: string } | undefined;
      do {
        asked++;
        const page = await stub.events({
          limit: 2,
          name: ["Rare", "Unheard"],
          otherThan: ["Unheard"],
          ...(oldestFirst ? { oldestFirst } : {}),
          ...(cursor === undefined ? {} : { cursor }),
        });
        if (page.status !== "listed") throw new Error(`the events were ${page.status}`);
        seen.push(...page.events.map(({ id }) => id));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(seen).toEqual((oldestFirst ? rare : rare.toReversed()).map((i) => `e${i}`));
      expect(asked).toBeGreaterThan(1);
    }
  });

  it("keeps traits by event time, not by arrival", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, [event(user, 9, { traits: { plan: "pro", age: 40 } })]);
    await ingest(stub, user, [event(user, 3, { traits: { plan: "free", city: "Bonn" } })]);
    await ingest(stub, user, [event(user, 12, { traits: { age: null } })]);
    const { traits } = await read(stub);
    expect(traits).toEqual({
      plan: { value: "pro", time: new Date(START + 9 * MINUTE).toISOString() },
      city: { value: "Bonn", time: new Date(START + 3 * MINUTE).toISOString() },
    });
  });
});

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ShardStats } from "../../src/failures/contract.ts";
import { type Bounds, Store } from "../../src/failures/store.ts";
import { failure } from "./failure.ts";

const DAY = 86_400_000;
const NOW = Date.now();

/** Runs with a store of these bounds, at a time that can be set, on the storage of an object of its own. */
function withStore(
  bounds: Partial<Bounds>,
  work: (store: Store, clock: { now: number }) => void,
): Promise<void> {
  const stub = env.FAILURES.get(env.FAILURES.newUniqueId());
  return runInDurableObject(stub, (_instance, { storage }) => {
    const clock = { now: NOW };
    work(
      new Store(storage, { failures: 100, bytes: 100_000, ageMs: DAY * 14, ...bounds }, () => clock.now),
      clock,
    );
  });
}

const of = ({ counts }: ShardStats, name: string) => Object.fromEntries(counts)[name] ?? 0;

describe("a store of failures", () => {
  it("lists them newest first, whole, a page at a time", async () => {
    const first = failure({ eventId: "e1", user: "anna", key: "secret", truncated: true, text: '{"a":"ü🙂' });
    await withStore({}, (store) => {
      store.keep("b1", [first, failure({ text: "2" })], []);
      store.keep("b2", [failure({ text: "3" })], []);
      const [third, second] = store.list({ limit: 2 });
      expect([third?.text, second?.text]).toEqual(["3", "2"]);
      expect(store.list({ limit: 2, before: second?.seq ?? 0 })).toEqual([{ ...first, seq: 1, attempts: 0 }]);
      expect(store.find([1, 3, 99]).map(({ seq }) => seq)).toEqual([3, 1]);
    });
  });

  it("filters by status, code, user and time", async () => {
    await withStore({}, (store) => {
      const late = failure({ status: "late", code: "past-retention", user: "anna", receivedAt: NOW });
      store.keep("b", [failure(), late, failure({ code: "id-missing" })], []);
      const seqs = (query: object) => store.list({ limit: 9, ...query }).map(({ seq }) => seq);
      expect(seqs({ status: "late" })).toEqual([2]);
      expect(seqs({ status: "rejected" })).toEqual([3, 1]);
      expect(seqs({ code: "id-missing" })).toEqual([3]);
      expect(seqs({ user: "anna" })).toEqual([2]);
      expect(seqs({ from: NOW })).toEqual([2]);
      expect(seqs({ to: NOW })).toEqual([3, 1]);
    });
  });

  it("takes a batch once, however often it comes", async () => {
    await withStore({}, (store) => {
      for (let i = 0; i < 3; i++) store.keep("same", [failure()], [["applied", 2]]);
      const stats = store.stats();
      expect([stats.kept, of(stats, "applied"), stats.since]).toEqual([1, 2, NOW]);
    });
  });

  it("is bounded by count: a flood pushes out its own kind, the oldest first", async () => {
    await withStore({ failures: 32 }, (store) => {
      store.keep("precious", [failure({ code: "poison" })], []);
      for (let i = 0; i < 200; i++) store.keep(`b${i}`, [failure({ text: `${i}` })], []);
      const stats = store.stats();
      const listed = store.list({ limit: 100 });
      expect(stats.kept).toBe(listed.length);
      expect(stats.kept).toBeLessThanOrEqual(32);
      expect(stats.kept).toBeGreaterThan(28);
      expect(of(stats, "failures/evicted")).toBe(201 - stats.kept);
      expect([listed[0]?.text, listed.at(-1)?.code]).toEqual(["199", "poison"]);
    });
  });

  it("is bounded by bytes", async () => {
    await withStore({ bytes: 10_000 }, (store) => {
      store.keep("precious", [failure({ code: "poison" })], []);
      for (let i = 0; i < 30; i++) store.keep(`b${i}`, [failure({ text: "ü".repeat(500) })], []);
      const stats = store.stats();
      expect(stats.bytes).toBeLessThanOrEqual(10_000);
      expect(stats.bytes).toBe((stats.kept - 1) * 1000 + 2);
      expect(store.list({ limit: 100 }).at(-1)?.code).toBe("poison");
    });
  });

  it("keeps nothing larger than itself, and does not hang", async () => {
    await withStore({ bytes: 10 }, (store) => {
      store.keep("b", [failure({ text: "x".repeat(11) }), failure()], []);
      expect(store.stats()).toMatchObject({ kept: 0, bytes: 0 });
    });
  });

  it("does not show what has expired, and deletes it when it looks", async () => {
    await withStore({}, (store, clock) => {
      store.keep("b1", [failure({ receivedAt: NOW - 10 * DAY })], []);
      store.keep("b2", [failure({ receivedAt: NOW })], []);
      // A day at the most: the configuration may shorten the time.
      expect(store.expire()).toBe(NOW + DAY);
      clock.now = NOW + 4 * DAY;
      expect(store.list({ limit: 9 }).map(({ seq }) => seq)).toEqual([2]);
      expect(store.find([1])).toEqual([]);
      expect(store.expire()).toBe(NOW + 5 * DAY);
      const stats = store.stats();
      expect([stats.kept, of(stats, "failures/expired")]).toEqual([1, 1]);
      clock.now = NOW + 14 * DAY;
      expect(store.expire()).toBeUndefined();
      expect(store.stats()).toMatchObject({ kept: 0, bytes: 0 });
    });
  });

  it("deletes what is kept of a user, and what may be of the user", async () => {
    await withStore({}, (store) => {
      const kept = [
        failure({ user: "anna" }),
        failure({ user: "ben", text: '{"userId":"ben","properties":{"friend":"anna"}}' }),
        failure({ text: '{"userId":"anna","even' }),
        failure({ text: '{"anonymousId":"anna"' }),
        failure({ text: '{"userId":"annabel"' }),
        failure({ user: "anonymous:x", text: '{"anonymousId":"x"}' }),
      ];
      store.keep("b", kept, []);
      expect(store.remove("anna")).toBe(3);
      expect(store.remove("anonymous:x")).toBe(1);
      expect(store.list({ limit: 9 }).map(({ seq }) => seq)).toEqual([5, 2]);
      expect(store.remove()).toBe(2);
      const stats = store.stats();
      expect([stats.kept, stats.bytes, of(stats, "failures/deleted")]).toEqual([0, 0, 6]);
    });
  });

  it("counts and deletes what is kept of an event of some users, and what may be of it", async () => {
    await withStore({}, (store) => {
      const kept = [
        failure({ user: "anna", eventId: "e" }),
        failure({ user: "anna", eventId: "f", text: '{"id":"f","userId":"anna","after":"e"}' }),
        failure({ user: "ben", eventId: "e", text: '{"id":"e","userId":"ben","friend":"anna"}' }),
        failure({ user: "anonymous:d", eventId: "e" }),
        failure({ eventId: "e", text: '{"id":"e","userId":["anna"]}' }),
        failure({ text: '{"id":"e","anonymousId":"d","even' }),
        failure({ user: "anna", text: '{"id":["e"],"userId":"anna"}' }),
        failure({ text: '{"id":"ee","userId":"anna' }),
        failure({ text: '{"id":"e","userId":"annabel' }),
      ];
      store.keep("b", kept, []);
      expect(store.countEvent(["anna", "anonymous:d"], "e")).toBe(5);
      expect(store.removeEvent(["anna", "anonymous:d"], "e")).toBe(5);
      expect(store.list({ limit: 9 }).map(({ seq }) => seq)).toEqual([9, 8, 3, 2]);
      expect(store.removeEvent(["anna", "anonymous:d"], "e")).toBe(0);
      const stats = store.stats();
      expect([stats.kept, of(stats, "failures/deleted")]).toEqual([4, 5]);
    });
  });

  it("drops what is settled and notes why the rest is not", async () => {
    await withStore({}, (store) => {
      store.keep("b", [failure(), failure(), failure()], []);
      const reason = { status: "late", code: "past-retention", pointer: "", detail: "Too old." } as const;
      store.settle([1, 99], [{ seq: 2, reason }, { seq: 3 }]);
      store.settle([], [{ seq: 2 }]);
      expect(store.list({ limit: 9 })).toMatchObject([
        { seq: 3, code: "user-missing", attempts: 1 },
        { seq: 2, ...reason, attempts: 2 },
      ]);
      expect(of(store.stats(), "failures/settled")).toBe(1);
    });
  });
});

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { constants, inflateRawSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ProfileStub } from "../../src/environment.ts";
import type { Event } from "../../src/events/event.ts";
import { Kernel } from "../../src/kernel/instance.ts";
import type { ReadResult } from "../../src/profile/contract.ts";
import type { Engine } from "../../src/profile/engine.ts";
import { Keeper } from "../../src/profile/keeper.ts";
import { Profile } from "../../src/profile/object.ts";
import { ingestInto, readFrom } from "./asking.ts";
import { changed } from "./engines.ts";
import { event, MINUTE, newProfile, range, START } from "./visitors.ts";

const AT = START + 200_000 * MINUTE;

const eventsOf = (user: string, from: number, to: number) => range(from, to).map((i) => event(user, i));

async function ingest(stub: ProfileStub, user: string, events: Event[]) {
  const result = await ingestInto(stub, user, events);
  if (result.status !== "ingested") throw new Error(`the events were ${result.status}`);
  return result.receipts.map(({ status }) => status);
}

const parse = (result: ReadResult | { status: "failed" | "moved" }) => {
  if (result.status !== "found") throw new Error(`the profile was ${result.status}`);
  return JSON.parse(result.json);
};

const read = async (stub: ProfileStub, at = AT) => parse(await readFrom(stub, { at }));

/** The object's storage under another engine, as after a deployment. */
const keeperOf = (storage: DurableObjectStorage, engine: Engine) =>
  new Keeper({
    storage,
    engine: () => engine,
    discardEngine: () => {},
    wakeAt: () => {},
    retention: { events: 1_000_000 },
    now: () => AT,
  });

afterEach(() => {
  vi.restoreAllMocks();
});

/** A stored value as text; of a page, what was compressed. */
function plain(value: unknown): string {
  if (!(value instanceof ArrayBuffer)) return String(value);
  const decoder = new TextDecoder();
  try {
    const compressed = new Uint8Array(value).subarray(5);
    return decoder.decode(inflateRawSync(compressed, { finishFlush: constants.Z_SYNC_FLUSH }));
  } catch {
    return decoder.decode(value);
  }
}

describe("erasing an event", () => {
  it("leaves the profile as if it had never come, from the tail and from pages", async () => {
    for (const count of [40, 700]) {
      const { user, stub } = newProfile();
      await ingest(stub, user, eventsOf(user, 0, count));
      for (const i of [3, count - 1]) {
        expect(await stub.erase(user, `e${i}`)).toMatchObject({ status: "erased" });
      }
      const without = newProfile();
      await ingest(
        without.stub,
        without.user,
        eventsOf(without.user, 0, count).filter(({ id }) => id !== "e3" && id !== `e${count - 1}`),
      );
      expect((await read(stub)).digest).toBe((await read(without.stub)).digest);
    }
  });

  it("turns the event away when it comes again, also after eviction", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, eventsOf(user, 0, 10));
    await stub.erase(user, "e4");
    await evictDurableObject(stub);
    expect(await ingest(stub, user, [event(user, 4), event(user, 5)])).toEqual(["suppressed", "duplicate"]);
    expect((await read(stub)).events).toBe(9);
  });

  it("leaves no copy of it in storage", async () => {
    const { user, stub } = newProfile();
    for (let i = 0; i < 80; i++) {
      const properties = { note: `secret ${i}.` };
      await ingest(stub, user, [{ ...event(user, i), properties }]);
    }
    // The first is sealed in a page, the last was just appended.
    for (const i of [2, 79]) await stub.erase(user, `e${i}`);
    const text = await runInDurableObject(stub, (_, { storage: { sql } }) => {
      const tables = sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .toArray();
      const values = tables.flatMap(({ name }) =>
        sql
          .exec(`SELECT * FROM ${name}`)
          .toArray()
          .flatMap((row) => Object.values(row)),
      );
      return values.map(plain).join("\n");
    });
    expect(text).toContain("secret 3.");
    expect(text).toContain("secret 78.");
    expect(text).not.toContain("secret 2.");
    expect(text).not.toContain("secret 79.");
  });

  it("knows nothing of an event that is not there", async () => {
    const { user, stub } = newProfile();
    expect(await stub.erase(user, "e1")).toMatchObject({ status: "unknown", parts: [] });
    expect(await ingest(stub, user, eventsOf(user, 1, 2))).toEqual(["applied"]);
  });

  it("turns an expected one away that has not come yet, also after hibernation, and is no profile by that", async () => {
    const { user, stub } = newProfile();
    for (let again = 0; again < 2; again++)
      expect(await stub.erase(user, "e1", true)).toMatchObject({ status: "erased", version: 0 });
    expect(await readFrom(stub)).toMatchObject({ status: "unknown" });
    await evictDurableObject(stub);
    expect(await ingest(stub, user, eventsOf(user, 0, 3))).toEqual(["applied", "suppressed", "applied"]);
    expect(await stub.erase(user, "e9", true)).toMatchObject({ status: "erased", version: 1 });
    expect(await ingest(stub, user, eventsOf(user, 9, 10))).toEqual(["suppressed"]);
    expect(await stub.erase(user, "e0")).toMatchObject({ status: "erased", version: 2 });
    expect(await stub.erase(user, "e0")).toMatchObject({ status: "erased", version: 2 });
  });

  it("may empty pages one after the other", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, eventsOf(user, 0, 200));
    for (const i of range(0, 199)) await stub.erase(user, `e${i}`);
    const profile = await read(stub);
    const other = newProfile();
    await ingest(other.stub, other.user, [event(other.user, 199)]);
    expect(profile.digest).toBe((await read(other.stub)).digest);
  });
});

describe("a preview", () => {
  it("shows the profile with more events, late ones too, and writes nothing", async () => {
    const { user, stub } = newProfile();
    await ingest(
      stub,
      user,
      eventsOf(user, 0, 400).filter((_, i) => i % 7 !== 0),
    );
    const before = await read(stub);
    const preview = await stub.preview(user, { events: eventsOf(user, 0, 400), at: AT });
    if (preview.status !== "previewed") throw new Error(preview.status);
    const whole = newProfile();
    await ingest(whole.stub, whole.user, eventsOf(whole.user, 0, 400));
    expect(JSON.parse(preview.json)).toMatchObject({
      preview: true,
      digest: (await read(whole.stub)).digest,
    });
    expect(await read(stub)).toEqual(before);
  });

  it("folds the whole history under a draft of a definition", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, eventsOf(user, 0, 300));
    const definition = {
      name: "draft",
      events: { "Product Viewed": {} },
      numbers: { price: { path: "price" } },
    };
    const preview = await stub.preview(user, { events: [], definition, at: AT });
    if (preview.status !== "previewed") throw new Error(preview.status);
    expect(JSON.parse(preview.json)).toMatchObject({
      definition: "draft",
      events: 300,
      numbers: { price: { count: 300 } },
    });
    expect((await read(stub)).definition).toBe("ecommerce");
  });

  it("says what is wrong with a draft", async () => {
    const { user, stub } = newProfile();
    const preview = await stub.preview(user, { events: [], definition: { name: "x", events: 7 } });
    expect(preview).toMatchObject({ status: "invalid", issues: [{ pointer: "/events" }] });
  });
});

describe("a changed definition", () => {
  it("refolds a short history on the next touch", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, eventsOf(user, 0, 500));
    await evictDurableObject(stub);
    const engine = changed();
    const digest = await runInDurableObject(
      stub,
      (_, { storage }) => parse(keeperOf(storage, engine).read({ at: AT })).digest,
    );
    const other = newProfile();
    const expected = await runInDurableObject(other.stub, (_, { storage }) => {
      const keeper = keeperOf(storage, engine);
      keeper.ingest(other.user, eventsOf(other.user, 0, 500));
      return parse(keeper.read({ at: AT })).digest;
    });
    expect(digest).toBe(expected);
  });

  it("refolds a long history in slices, and answers from the old fold meanwhile", {
    timeout: 60_000,
  }, async () => {
    const { user, stub } = newProfile();
    const count = 40_000;
    for (let from = 0; from < count; from += 2000)
      await ingest(stub, user, eventsOf(user, from, from + 2000));
    const before = await read(stub);
    await evictDurableObject(stub);
    const engine = changed();
    const [seen, late] = await runInDurableObject(stub, (_, { storage }) => {
      const keeper = keeperOf(storage, engine);
      const answers: {
        refolding: { done: number; total: number } | null;
        digest: string;
        events: number;
        interests: { category: { total: number } };
      }[] = [];
      const lateEvents = [event(user, 1, { id: "late" }), event(user, count + 1, { id: "new" })];
      const late = keeper.ingest(user, lateEvents);
      for (let i = 0; i < 20; i++) {
        const profile = parse(keeper.read({ at: AT }));
        answers.push(profile);
        if (profile.refolding === null) break;
      }
      return [answers, late] as const;
    });
    expect(late).toMatchObject({ receipts: [{ status: "applied" }, { status: "applied" }] });
    expect(seen.length).toBeGreaterThan(2);
    // The old fold goes on with what comes after it; what comes late waits for the new one.
    expect(seen[0]).toMatchObject({ events: count + 1, refolding: { total: count + 2 } });
    expect(seen[0]?.interests.category.total).toBeCloseTo(before.interests.category.total, 0);
    expect(seen.at(-1)).toMatchObject({ events: count + 2 });
    const other = newProfile();
    const expected = await runInDurableObject(other.stub, (_, { storage }) => {
      const keeper = keeperOf(storage, engine);
      keeper.ingest(other.user, [
        event(other.user, 1, { id: "late" }),
        event(other.user, count + 1, { id: "new" }),
      ]);
      for (let from = 0; from < count; from += 2000)
        keeper.ingest(other.user, eventsOf(other.user, from, from + 2000));
      return parse(keeper.read({ at: AT })).digest;
    });
    expect(seen.at(-1)?.digest).toBe(expected);
  });

  it("goes on with a long refold by itself", { timeout: 60_000 }, async () => {
    const { user, stub } = newProfile();
    for (let from = 0; from < 40_000; from += 2000)
      await ingest(stub, user, eventsOf(user, from, from + 2000));
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, { storage }) => {
      // Folded to the end under another definition, which is what the deployed one then finds.
      const keeper = keeperOf(storage, changed());
      for (let i = 0; i < 10; i++) keeper.read({ at: AT });
    });
    await evictDurableObject(stub);
    let { refolding } = await read(stub);
    expect(refolding).not.toBeNull();
    for (let i = 0; i < 10 && refolding !== null; i++) {
      await runDurableObjectAlarm(stub);
      ({ refolding } = await runInDurableObject(stub, async (instance) => {
        if (!(instance instanceof Profile)) throw new Error("a profile was expected");
        return parse(await readFrom(instance, { at: AT }));
      }));
    }
    expect(refolding).toBeNull();
  });
});

describe("a poison event", () => {
  /** Makes the kernel trap whenever it folds an event of that price. */
  const poison = (price: number) => {
    const fold = Kernel.prototype.fold;
    vi.spyOn(Kernel.prototype, "fold").mockImplementation(function (this: Kernel, compiled, state, count) {
      const { record, recordBytes } = compiled;
      for (let i = 0; i < count; i++) {
        if (this.doubles[(this.layout.RECORDS + i * recordBytes + record.numbers) >> 3] === price) {
          throw new WebAssembly.RuntimeError("unreachable");
        }
      }
      return fold.call(this, compiled, state, count);
    });
  };

  it("costs a large batch of late events little", { timeout: 60_000 }, async () => {
    const { user, stub } = newProfile();
    for (let from = 1000; from < 9000; from += 2000)
      await ingest(stub, user, eventsOf(user, from, from + 2000));
    poison(666);
    const late = [...eventsOf(user, 0, 999), event(user, 999, { properties: { price: 666 } })];
    const commits = vi.spyOn(Kernel.prototype, "fold");
    const result = await ingestInto(stub, user, late);
    if (result.status !== "ingested") throw new Error(result.status);
    expect(result.receipts.filter(({ status }) => status === "applied")).toHaveLength(999);
    expect(result.receipts.at(-1)).toMatchObject({ status: "rejected", code: "poison" });
    // One fold of each event alone, and two of the history: not one of the history for each event.
    expect(commits.mock.calls.length).toBeLessThan(1500);
  });

  it("is left out and named, and the others count", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, eventsOf(user, 0, 100));
    poison(666);
    const batch = [event(user, 101), event(user, 102, { properties: { price: 666 } }), event(user, 103)];
    const result = await ingestInto(stub, user, batch);
    expect(result).toMatchObject({
      receipts: [{ status: "applied" }, { status: "rejected", code: "poison" }, { status: "applied" }],
    });
    vi.restoreAllMocks();
    const profile = await read(stub);
    expect(profile.events).toBe(102);
    const other = newProfile();
    await ingest(other.stub, other.user, [
      ...eventsOf(other.user, 0, 100),
      event(other.user, 101),
      event(other.user, 103),
    ]);
    expect(profile.digest).toBe((await read(other.stub)).digest);
  });
});

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/cli/random.ts";
import type { ProfileStub } from "../../src/environment.ts";
import type { Event } from "../../src/events/event.ts";
import { Keeper } from "../../src/profile/keeper.ts";
import { ingestInto, readFrom } from "./asking.ts";
import { changed } from "./engines.ts";
import { event, MINUTE, newProfile, range, START } from "./visitors.ts";

const AT = START + 200_000 * MINUTE;
/** What the platform takes in a row, in the stricter reading of its "2 MB". */
const ROW_BYTES = 2_000_000;
/** What the longest text of an event leaves room for. */
const TEXT = 32_400;

const random = new Random(7);
/** Text that compression makes little smaller. */
const noise = (length: number) =>
  Array.from({ length }, () => String.fromCharCode(33 + Math.floor(random.next() * 90)))
    .join("")
    .replaceAll(/["\\]/g, "x");

const large = (user: string, i: number, more: Partial<Event> = {}) =>
  event(user, i, { properties: { price: i % 100, value: i, text: noise(TEXT) }, ...more });

async function ingest(stub: ProfileStub, user: string, events: Event[]) {
  const result = await ingestInto(stub, user, events);
  if (result.status !== "ingested") throw new Error(`the events were ${result.status}`);
  expect(result.receipts.filter(({ status }) => status !== "applied")).toEqual([]);
}

async function digest(stub: ProfileStub): Promise<string> {
  const result = await readFrom(stub, { at: AT });
  if (result.status !== "found") throw new Error(`the profile was ${result.status}`);
  return JSON.parse(result.json).digest;
}

/** The digest of the same events, sent in their order. */
async function digestOf(events: readonly Event[]): Promise<string> {
  const { user, stub } = newProfile();
  const sorted = events.map((one) => ({ ...one, user })).sort((a, b) => a.time - b.time);
  for (let from = 0; from < sorted.length; from += 50)
    await ingest(stub, user, sorted.slice(from, from + 50));
  return digest(stub);
}

/** The size of the largest row of any table. */
function largestRow(sql: SqlStorage): number {
  const tables = sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )
    .toArray();
  const sizes = tables.flatMap(({ name }) =>
    sql
      .exec(`SELECT * FROM "${name}"`)
      .toArray()
      .map((row) =>
        Object.values(row).reduce<number>(
          (sum, value) => sum + (value instanceof ArrayBuffer ? value.byteLength : String(value).length),
          0,
        ),
      ),
  );
  return Math.max(...sizes);
}

const largestRowOf = (stub: ProfileStub) =>
  runInDurableObject(stub, (_, { storage }) => largestRow(storage.sql));

describe("events as large as they may be", () => {
  it.for([
    ["one by one", 1, 150],
    ["as many as a request holds", 62, 310],
    ["in requests of which one fills the tail", 40, 120],
  ] as const)("are stored in rows that the platform takes, sent %s", async ([, size, count]) => {
    const { user, stub } = newProfile();
    const all = range(0, count).map((i) => large(user, i));
    for (let from = 0; from < count; from += size) {
      await ingest(stub, user, all.slice(from, from + size));
      expect(await largestRowOf(stub)).toBeLessThan(ROW_BYTES);
    }
    await evictDurableObject(stub);
    expect(await digest(stub)).toBe(await digestOf(all));
  });

  it("are stored so when they come late, into pages of small ones", async () => {
    const { user, stub } = newProfile();
    const small = range(0, 1500).map((i) => event(user, i));
    await ingest(stub, user, small);
    const late = range(0, 240).map((i) =>
      large(user, i, { id: `late${i}`, time: START + 300 * MINUTE + i * 1000 }),
    );
    for (let from = 0; from < late.length; from += 60) {
      await ingest(stub, user, late.slice(from, from + 60));
      expect(await largestRowOf(stub)).toBeLessThan(ROW_BYTES);
    }
    await evictDurableObject(stub);
    expect(await digest(stub)).toBe(await digestOf([...small, ...late]));
    // Each is found where it is: a duplicate is none too many.
    const again = await ingestInto(stub, user, [...small.slice(250, 350), ...late.slice(100, 150)]);
    if (again.status !== "ingested") throw new Error(again.status);
    expect(again.receipts.every(({ status }) => status === "duplicate")).toBe(true);
  });

  it("are stored so while a long history is folded again", { timeout: 60_000 }, async () => {
    const { user, stub } = newProfile();
    const small = range(0, 36_000).map((i) => event(user, i));
    for (let from = 0; from < small.length; from += 2000)
      await ingest(stub, user, small.slice(from, from + 2000));
    const newest = range(36_000, 36_060).map((i) => large(user, i));
    await runInDurableObject(stub, (_, { storage }) => {
      const engine = changed();
      const keeper = new Keeper({
        storage,
        engine: () => engine,
        discardEngine: () => {},
        wakeAt: () => {},
        retention: { events: 1_000_000 },
        now: () => AT,
      });
      const digests = [newest.slice(0, 3), newest.slice(3)].map((events) => {
        const result = keeper.ingest(user, events);
        if (typeof result !== "number" && result.status !== "ingested") throw new Error(result.status);
        expect(largestRow(storage.sql)).toBeLessThan(ROW_BYTES);
        const found = keeper.read({ at: AT });
        if (found.status !== "found") throw new Error(found.status);
        return JSON.parse(found.json);
      });
      // The first events find the refold under way; those that the tail has no room for end it.
      expect(digests.map(({ refolding }) => refolding === null)).toEqual([false, true]);
    });
  });
});

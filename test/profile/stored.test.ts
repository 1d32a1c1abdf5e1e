import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/events/event.ts";
import { FrameError } from "../../src/profile/frame.ts";
import { unpackLines } from "../../src/profile/lines.ts";
import { unpackState } from "../../src/profile/state.ts";
import { ingestInto, readFrom } from "./asking.ts";
import stored from "./fixtures/stored-1.json" with { type: "json" };

// What each past version wrote must be readable for good. `stored-1.json` holds the rows of a profile of 153 events as
// version 1 of every format wrote them, in base64, and the profile they stand for; `make.ts` made it.

const bytes = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const AT = Date.UTC(2026, 1, 1);

const newProfile = (name: string) => env.PROFILES.get(env.PROFILES.idFromName(`stored-${name}`));

/** Lays the rows of the fixture into an object's storage, some blobs changed on the way. */
async function lay(name: string, change: (column: string, blob: Uint8Array) => void = () => {}) {
  const stub = newProfile(name);
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    for (const statement of stored.schema) sql.exec(statement);
    for (const { table, row } of stored.rows) {
      const values = Object.entries(row).map(([column, value]) => {
        if (typeof value !== "object" || value === null) return value;
        const blob = bytes(value.base64);
        change(`${table}.${column}`, new Uint8Array(blob));
        return blob;
      });
      sql.exec(`INSERT INTO ${table} VALUES (${values.map(() => "?").join(", ")})`, ...values);
    }
  });
  return stub;
}

const flipVersion = (wanted: string) => (column: string, blob: Uint8Array) => {
  if (column === wanted) blob[0] = 99;
};

const event = (i: number): Event => ({
  id: `new${i}`,
  user: "ann",
  name: "Product Viewed",
  time: AT + i,
  receivedAt: AT,
  properties: {},
});

describe("what version 1 stored", () => {
  it("is read as the same profile, its states and all", async () => {
    const stub = await lay("whole");
    const result = await readFrom(stub, { at: AT });
    if (result.status !== "found") throw new Error(result.status);
    expect(JSON.parse(result.json)).toMatchObject(stored.profile);
  });

  it("has its events, and takes new ones", async () => {
    const stub = await lay("more");
    const page = await stub.events({ limit: 200 });
    if (page.status !== "listed") throw new Error(page.status);
    expect(page.events.map(({ id }) => id)).toEqual(stored.ids);
    const result = await ingestInto(stub, "ann", [event(1), { ...event(2), id: stored.ids[100] ?? "" }]);
    expect(result).toMatchObject({ receipts: [{ status: "applied" }, { status: "duplicate" }] });
  });
});

describe("what version 1 stored of a merge", () => {
  it("is known: what is sent to the part is taken in, and what it had is a duplicate", async () => {
    const stub = await lay("merged");
    const part = "anonymous:device";
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      expect(sql.exec("SELECT name, epoch FROM merge_member").toArray()).toEqual([
        { name: part, epoch: "epoch" },
      ]);
    });
    const later = { ...event(3), id: "a1", user: part };
    expect(await ingestInto(stub, "ann", [later], part)).toMatchObject({ receipts: [{ status: "applied" }] });
    const again = { ...event(4), id: "e1", user: part };
    expect(await ingestInto(stub, "ann", [again], part)).toMatchObject({
      receipts: [{ status: "duplicate" }],
    });
  });
});

describe("what a later version stored", () => {
  it.each(["head.tail", "head.base", "appended.events"])("is refused without harm: %s", async (column) => {
    const stub = await lay(column, flipVersion(column));
    expect(await readFrom(stub, { at: AT })).toEqual({ status: "failed", code: "state-newer" });
    expect(await ingestInto(stub, "ann", [event(1)])).toEqual({ status: "failed", code: "state-newer" });
    const untouched = await runInDurableObject(stub, (_, { storage: { sql } }) =>
      sql.exec<{ version: number }>("SELECT max(version) AS version FROM appended").one(),
    );
    expect(untouched.version).toBe(stored.profile.version);
  });

  it("is refused in a page when that must be read", async () => {
    const stub = await lay("page", flipVersion("page.events"));
    expect(await stub.events({ limit: 200 })).toEqual({ status: "failed", code: "state-newer" });
  });
});

describe("a damaged blob", () => {
  it.each(["head.base", "page.checkpoint", "page.hashes"])(
    "of a state is folded again: %s",
    async (column) => {
      const stub = await lay(`damaged ${column}`, (name, blob) => {
        if (name === column) blob[blob.length >> 1] = ~(blob[blob.length >> 1] ?? 0);
      });
      const result = await readFrom(stub, { at: AT });
      if (result.status !== "found") throw new Error(result.status);
      const { digest, events } = JSON.parse(result.json);
      expect([digest, events]).toEqual([stored.profile.digest, stored.profile.events]);
    },
  );

  it("of the journal is an error, never an empty profile", async () => {
    for (const column of ["head.tail", "appended.events", "page.events"]) {
      const stub = await lay(`lost ${column}`, (name, blob) => {
        if (name === column) blob[blob.length - 1] = ~(blob[blob.length - 1] ?? 0);
      });
      expect(await stub.events({ limit: 200 })).toEqual({ status: "failed", code: "state-corrupt" });
    }
  });

  it.each(["page.hashes", "page.events"])(
    "of a page keeps no new events out, which are sealed beside it: %s",
    async (column) => {
      const [whole, damaged] = [
        await lay(`whole for ${column}`),
        await lay(`beside ${column}`, (name, blob) => {
          if (name === column) blob[blob.length - 1] = ~(blob[blob.length - 1] ?? 0);
        }),
      ];
      const digests = [];
      for (const stub of [whole, damaged]) {
        const events = Array.from({ length: 100 }, (_, i) => event(i));
        const result = await ingestInto(stub, "ann", events);
        if (result.status !== "ingested") throw new Error(result.status);
        expect(result.receipts.every(({ status }) => status === "applied")).toBe(true);
        const found = await readFrom(stub, { at: AT + 1000 });
        if (found.status !== "found") throw new Error(found.status);
        digests.push(JSON.parse(found.json).digest);
      }
      expect(digests[1]).toBe(digests[0]);
    },
  );

  it("of a commit that is missing between two others is an error as well", async () => {
    const stub = await lay("gap");
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      sql.exec("DELETE FROM appended WHERE version = (SELECT min(version) FROM appended)");
    });
    expect(await stub.events({ limit: 200 })).toEqual({ status: "failed", code: "state-corrupt" });
  });

  it("that is cut off counts as damaged", async () => {
    const stub = await lay("cut");
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      sql.exec("UPDATE head SET base = ?", new Uint8Array([1, 2]).buffer);
    });
    expect(await readFrom(stub, { at: AT })).toMatchObject({ status: "found" });
  });
});

describe("stored JSON that is damaged", () => {
  it("is told without a word of it, for what an object throws is logged", () => {
    const text = '{"id":"e1","properties":{"email":"jane@example.com"';
    const bytes = new TextEncoder().encode(`\0\0\0\0${text}`);
    for (const read of [() => unpackLines("ann", text), () => unpackState("", bytes)]) {
      expect(read).toThrow(new FrameError("corrupt", "stored JSON is damaged"));
    }
  });
});

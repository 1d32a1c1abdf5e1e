import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EVENT_BYTES } from "../../src/events/limits.ts";
import type { NewFailure } from "../../src/failures/contract.ts";
import { app } from "../../src/http/app.ts";
import { failure } from "../failures/failure.ts";
import { call, profilePath, request, SECRET, send, someone, view, WRITE } from "./client.ts";
import { faking, receiving } from "./faking.ts";

interface Listed {
  id: string;
  code: string;
  status: string;
  attempts: number;
  eventId?: string;
  user?: string;
  event?: unknown;
  text?: string;
}

interface Page {
  data: Listed[];
  cursor: { next: string | null; has_more: boolean };
}

interface Replayed {
  receipts: { failure: string; id?: string; status: string; code?: string }[];
  cursor: { next: string | null };
}

const list = async (query = "") => (await call("GET", `/v1/failures${query}`)).json<Page>();
const replay = async (body: unknown) =>
  (await call("POST", "/v1/failures/replay", { body })).json<Replayed>();

/** Keeps failures in one shard, as if they had come long ago. */
const keep = (shard: number, ...failures: NewFailure[]) =>
  env.FAILURES.get(env.FAILURES.idFromName(`failures-${shard}`)).keep(crypto.randomUUID(), failures, []);

afterEach(async () => {
  vi.restoreAllMocks();
  await call("DELETE", "/v1/failures");
});

describe("GET /v1/failures", () => {
  it("tells what was rejected, why, and where it came from", async () => {
    const user = someone();
    const bad = view(user, "bad", { timestamp: "yesterday", properties: { note: "ü, [}]" } });
    await send([view(user, "good"), bad, 7], { key: WRITE });
    const { data, cursor } = await list();
    expect(cursor).toEqual({ next: null, has_more: false });
    expect(data).toHaveLength(2);
    expect(data).toContainEqual({
      id: expect.stringMatching(/^[0-3]-[0-9]+$/),
      status: "rejected",
      code: "time-invalid",
      pointer: "/timestamp",
      detail: expect.any(String),
      receivedAt: expect.stringMatching(/^20.*Z$/),
      source: { route: "POST /v1/events", key: "write", format: "native" },
      eventId: "bad",
      user,
      attempts: 0,
      truncated: false,
      event: bad,
    });
    expect(data).toContainEqual(expect.objectContaining({ code: "event-not-object", event: 7 }));
    expect(JSON.stringify(data)).not.toContain(WRITE);
    expect(JSON.stringify(data)).not.toContain(SECRET);
  });

  it("has the item of a body of one, and lines that are no JSON as text", async () => {
    const one = { userId: "u", event: "E" };
    await send(one);
    const lines = `\n${JSON.stringify(view("u", "ok"))}\r\n{"id":"e2",\n\n  7 \n`;
    await call("POST", "/v1/events", { body: lines, headers: { "Content-Type": "application/x-ndjson" } });
    const { data } = await list();
    expect(data.find(({ code }) => code === "id-missing")?.event).toEqual(one);
    expect(data.find(({ code }) => code === "json-malformed")?.text).toBe('{"id":"e2",');
    expect(data.find(({ code }) => code === "event-not-object")?.event).toBe(7);
  });

  it("has the beginning of what was too large to be an event", async () => {
    const user = someone();
    await send(view(user, "big", { properties: { text: "x".repeat(EVENT_BYTES) } }));
    const { data } = await list();
    expect(data).toMatchObject([{ code: "event-too-large", eventId: "big", user, truncated: true }]);
    expect(data[0]?.text?.length).toBe(8192);
    expect(await replay({ ids: data.map(({ id }) => id) })).toMatchObject({
      receipts: [{ id: "big", status: "rejected", code: "event-too-large" }],
    });
    expect((await list()).data).toMatchObject([{ attempts: 1, truncated: true }]);
  });

  it("keeps what is late or poison, whole", async () => {
    const user = someone();
    const sent = [view(user, "old"), view(user, "new")];
    const { env } = faking({
      ingest: receiving((id) =>
        id === "old"
          ? { id, status: "late", code: "past-retention", detail: "Too old." }
          : { id, status: "rejected", code: "poison", pointer: "", detail: "It traps." },
      ),
    });
    expect((await app.fetch(request("POST", "/v1/events", { body: sent }), env)).status).toBe(207);
    const { data } = await list();
    expect(data.find(({ status }) => status === "late")).toMatchObject({
      code: "past-retention",
      event: sent[0],
    });
    expect(data.find(({ status }) => status === "rejected")).toMatchObject({
      code: "poison",
      event: sent[1],
    });
  });

  it("keeps no event that is to be sent again, nor one that may not be processed", async () => {
    const { env } = faking({
      ingest: receiving((id) =>
        id === "a"
          ? { id, status: "retry", code: "unavailable", detail: "x" }
          : { id, status: "suppressed", code: "erased", detail: "x" },
      ),
    });
    const body = [view(someone(), "a"), view(someone(), "b")];
    await app.fetch(request("POST", "/v1/events", { body }), env);
    expect((await list()).data).toEqual([]);
  });

  it("gives all of them, newest first, over pages and shards", async () => {
    const start = Date.now();
    for (let i = 0; i < 20; i++) {
      // Bursts: 7 to a shard, and some of the same time.
      await keep(Math.floor(i / 7), failure({ text: `${i}`, receivedAt: start + Math.floor(i / 2) }));
    }
    const seen: unknown[] = [];
    let next: string | null = "";
    while (next !== null) {
      const page: Page = await list(`?limit=3${next && `&cursor=${next}`}`);
      expect(page.data.length).toBeLessThanOrEqual(3);
      seen.push(...page.data.map(({ event }) => Math.floor(Number(event) / 2)));
      next = page.cursor.next;
    }
    expect(seen).toHaveLength(20);
    expect(seen).toEqual([...seen].sort((a, b) => Number(b) - Number(a)));
  });

  it("filters", async () => {
    const at = Date.UTC(2027, 0, 1);
    await keep(
      0,
      failure({ code: "a", receivedAt: at }),
      failure({ status: "late", code: "b", user: "anna", receivedAt: at + 1000 }),
    );
    await keep(3, failure({ code: "b", receivedAt: at + 2000 }));
    const codes = async (query: string) =>
      (await list(query)).data.map(({ status, code }) => `${status} ${code}`);
    expect(await codes("?code=b")).toEqual(["rejected b", "late b"]);
    expect(await codes("?status=late")).toEqual(["late b"]);
    expect(await codes("?user=anna")).toEqual(["late b"]);
    expect(await codes("?from=2027-01-01T00:00:01Z&to=2027-01-01T00:00:02Z")).toEqual(["late b"]);
  });

  it.each(["?limit=0", "?limit=101", "?status=retry", "?cursor=x", "?cursor=WzFd", "?kode=a", "?from=now"])(
    "refuses %s",
    async (query) => {
      expect((await call("GET", `/v1/failures${query}`)).status).toBe(422);
    },
  );
});

describe("DELETE /v1/failures", () => {
  it("deletes what is kept of a user, or all", async () => {
    await keep(0, failure({ user: "anna" }), failure({ user: "ben" }));
    await keep(1, failure({ text: '{"userId":"anna' }), failure({ text: '{"userId":"anna","x' }));
    expect(await (await call("DELETE", "/v1/failures?user=anna")).json()).toEqual({ deleted: 2 });
    expect(await (await call("DELETE", "/v1/failures?user=anna")).json()).toEqual({ deleted: 0 });
    expect((await list()).data).toHaveLength(2);
    expect((await call("DELETE", "/v1/failures?usr=ben")).status).toBe(422);
    expect(await (await call("DELETE", "/v1/failures")).json()).toEqual({ deleted: 2 });
    expect((await list()).data).toEqual([]);
  });
});

describe("POST /v1/failures/replay", () => {
  it("applies what a mended limit lets through, and keeps the rest", async () => {
    const user = someone();
    const mended = (id: string, members: object = {}) =>
      failure({ code: "too-many-keys", eventId: id, user, text: JSON.stringify(view(user, id)), ...members });
    await keep(0, mended("e1"), mended("e2"));
    await keep(2, mended("e3", { format: "ndjson" }), failure({ code: "gone", text: '{"id":"e4"}' }));
    await send(view(user, "e2"));
    const ids = (await list()).data.map(({ id }) => id);
    const { receipts } = await replay({ ids });
    expect(receipts.map(({ failure }) => failure).sort()).toEqual([...ids].sort());
    const outcome = Object.fromEntries(receipts.map(({ id, status }) => [id, status]));
    expect(outcome).toEqual({ e1: "applied", e2: "duplicate", e3: "applied", e4: "rejected" });
    expect((await list()).data).toMatchObject([{ code: "user-missing", attempts: 1 }]);
    expect(await (await call("GET", `${profilePath(user)}?fields=events`)).json()).toEqual({ events: 3 });
    expect(await replay({ ids })).toMatchObject({ receipts: [{ id: "e4", status: "rejected" }] });
    expect((await list()).data).toMatchObject([{ attempts: 2 }]);
  });

  it("applies what only the clock forbade, at its own time", async () => {
    const user = someone();
    const time = Date.now() + 2 * 3_600_000;
    await send(view(user, "early", { timestamp: time }));
    expect(await replay({ filter: { code: "time-in-future" } })).toMatchObject({
      receipts: [{ status: "rejected" }],
    });
    vi.spyOn(Date, "now").mockReturnValue(time + 1000);
    expect(await replay({ filter: { code: "time-in-future" } })).toMatchObject({
      receipts: [{ status: "applied" }],
    });
    const page = await (await call("GET", `${profilePath(user)}/events`)).json();
    expect(page).toMatchObject({ data: [{ id: "early", timestamp: new Date(time).toISOString() }] });
  });

  it("gives an event without a time the one that it first came at", async () => {
    const user = someone();
    const receivedAt = Date.now() - 3_600_000;
    const text = JSON.stringify({ id: "e", userId: user, event: "E" });
    await keep(1, failure({ text, receivedAt }));
    await replay({ filter: {} });
    const page = await (await call("GET", `${profilePath(user)}/events`)).json();
    const then = new Date(receivedAt).toISOString();
    expect(page).toMatchObject({ data: [{ timestamp: then, receivedAt: then }] });
  });

  it("goes through a filter a page at a time, each failure once", async () => {
    await keep(0, failure(), failure(), failure());
    await keep(1, failure(), failure({ code: "other" }));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const body: object = {
        filter: { code: "user-missing" },
        limit: 3,
        ...(cursor === null ? {} : { cursor }),
      };
      const page: Replayed = await replay(body);
      seen.push(...page.receipts.map(({ failure }) => failure));
      cursor = page.cursor.next;
    } while (cursor !== null);
    expect([seen.length, new Set(seen).size]).toEqual([4, 4]);
  });

  it("never makes events of an item that holds some", async () => {
    const user = someone();
    await send([[view(user, "e1"), view(user, "e2")]]);
    expect(await replay({ filter: {} })).toMatchObject({
      receipts: [{ status: "rejected", code: "event-not-object" }],
    });
    expect((await call("GET", profilePath(user))).status).toBe(404);
  });

  it("keeps what is to be sent again, and nothing of a user that may not be processed", async () => {
    const text = (id: string) => JSON.stringify(view("u", id));
    await keep(0, failure({ code: "x", text: text("again") }), failure({ code: "x", text: text("never") }));
    const { env } = faking({
      ingest: receiving((id) =>
        id === "again"
          ? { id, status: "retry", code: "unavailable", detail: "x" }
          : { id, status: "suppressed", code: "erased", detail: "x" },
      ),
    });
    await app.fetch(request("POST", "/v1/failures/replay", { body: { filter: {} } }), env);
    expect((await list()).data).toMatchObject([{ code: "x", attempts: 1, event: { id: "again" } }]);
  });

  it("answers nothing for ids that are not kept", async () => {
    expect(await replay({ ids: ["0-99999", "9-1"] })).toEqual({
      receipts: [],
      cursor: { next: null, has_more: false },
    });
  });

  it.each([
    [{}],
    [{ ids: [] }],
    [{ ids: ["x"] }],
    [{ ids: ["0-1"], filter: {} }],
    [{ filter: { kode: "x" } }],
    [{ filter: { status: "retry" } }],
    [{ filter: {}, limit: 101 }],
    [{ filter: {}, cursor: "x" }],
    [{ ids: Array.from({ length: 101 }, (_, i) => `0-${i + 1}`) }],
  ])("refuses %j", async (body) => {
    const response = await call("POST", "/v1/failures/replay", { body });
    expect([response.status, await response.json()]).toMatchObject([422, { type: "/problems/body-invalid" }]);
  });
});

import { describe, expect, it, vi } from "vitest";
import { app } from "../../src/http/app.ts";
import { REQUESTS_PER_USER } from "../../src/http/objects.ts";
import { profilePath, request, send, someone, view } from "./client.ts";
import { faking, withoutFailures } from "./faking.ts";

const fails =
  (members: object, message = "secret details of jane@example.com") =>
  () =>
    Promise.reject(Object.assign(new Error(message), members));

const post = (events: unknown) => request("POST", "/v1/events", { body: events });

const bodyOf = (response: Response) =>
  response.json<{ type: string; receipts: { id?: string; status: string; code?: string }[] }>();

describe("an object that was moved", () => {
  it("is asked again, by a fresh stub", async () => {
    let failures = 2;
    const fake = faking({
      get read() {
        return failures-- > 0 ? fails({ retryable: true }) : undefined;
      },
    });
    const user = someone();
    await send(view(user, "e"));
    const response = await app.fetch(request("GET", profilePath(user)), fake.env);
    expect([response.status, fake.stubs()]).toEqual([200, 3]);
  });

  it("is unavailable when that does not help", async () => {
    const fake = faking({ ingest: fails({ retryable: true }) });
    const response = await app.fetch(post(view(someone(), "e")), fake.env);
    expect([response.status, response.headers.get("Retry-After"), fake.stubs()]).toEqual([503, "1", 4]);
    expect(await bodyOf(response)).toMatchObject({
      type: "/problems/unavailable",
      receipts: [{ status: "retry" }],
    });
  });
});

describe("an object that is overloaded", () => {
  it("is left alone, and so says the answer", async () => {
    const fake = faking({ ingest: fails({ overloaded: true, retryable: true }) });
    const response = await app.fetch(post(view(someone(), "e")), fake.env);
    expect([response.status, response.headers.get("Retry-After"), fake.stubs()]).toEqual([503, "5", 1]);
    const { type, receipts } = await bodyOf(response);
    expect([type, receipts[0]?.code]).toEqual(["/problems/overloaded", "overloaded"]);
  });
});

describe("an object whose storage is full", () => {
  const full = fails({}, "database or disk is full: SQLITE_FULL");

  it("is 507 to a request of its own, and can be read", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const { env } = faking({ ingest: full });
    const response = await app.fetch(post([view(user, "e2"), view(user, "e3")]), env);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([
      507,
      "application/problem+json",
    ]);
    expect(await bodyOf(response)).toMatchObject({
      type: "/problems/storage-full",
      receipts: [
        { id: "e2", status: "retry", code: "storage-full" },
        { id: "e3", status: "retry", code: "storage-full" },
      ],
    });
    expect((await app.fetch(request("GET", profilePath(user)), env)).status).toBe(200);
  });

  it("costs only its own events a retry", async () => {
    const [anna, ben] = [someone(), someone()];
    const { env } = faking({
      ingest: async (user, events) => {
        if (user === anna) return full();
        return {
          status: "ingested",
          version: 1,
          receipts: events.map(({ id }) => ({ id, status: "applied" })),
        };
      },
    });
    const response = await app.fetch(post([view(anna, "a"), view(ben, "b")]), env);
    expect(response.status).toBe(207);
    expect((await bodyOf(response)).receipts).toMatchObject([
      { id: "a", status: "retry", code: "storage-full" },
      { id: "b", status: "applied" },
    ]);
  });
});

describe("a user about whom too many requests are in flight", () => {
  it("is turned away alone, until there is room again", async () => {
    const user = someone();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { env } = faking({ read: () => gate.then(() => ({ status: "unknown" })) });
    const read = () => app.fetch(request("GET", profilePath(user)), env);
    const waiting = Array.from({ length: REQUESTS_PER_USER }, read);
    await vi.waitFor(async () => expect((await app.fetch(post(view(user, "e1")), env)).status).toBe(429));

    const busy = await read();
    expect([busy.status, busy.headers.get("Retry-After")]).toEqual([429, "1"]);
    const response = await app.fetch(post([view(user, "e1"), view(someone(), "e2")]), env);
    expect(response.status).toBe(207);
    expect((await bodyOf(response)).receipts).toMatchObject([
      { id: "e1", status: "retry", code: "too-busy" },
      { id: "e2", status: "applied" },
    ]);

    open();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 404));
    expect((await read()).status).toBe(404);
  });

  it("is so whatever goes wrong with them", async () => {
    const user = someone();
    const { env } = faking({ read: fails({}) });
    for (let i = 0; i <= REQUESTS_PER_USER; i++) {
      expect((await app.fetch(request("GET", profilePath(user)), env)).status).toBe(503);
    }
  });
});

describe("a store of failures that fails", () => {
  it("costs no event and no answer", async () => {
    const response = await app.fetch(post([view(someone(), "e"), null]), withoutFailures());
    expect(response.status).toBe(207);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ receipts: [{ status: "applied" }, { status: "rejected" }] });
    expect(text).not.toContain("jane");
  });

  it("is a 503 to who asks for what it keeps", async () => {
    for (const sent of [
      request("GET", "/v1/failures"),
      request("DELETE", "/v1/failures"),
      request("GET", "/v1/stats"),
      request("POST", "/v1/failures/replay", { body: { ids: ["0-1"] } }),
    ]) {
      const response = await app.fetch(sent, withoutFailures());
      expect(response.status).toBe(503);
      expect(await response.text()).not.toContain("jane");
    }
  });
});

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { call, type Options, profilePath, request, send, someone, view, WRITE } from "./client.ts";

interface Receipts {
  receipts: {
    index: number;
    id?: string;
    status: string;
    version?: number;
    code?: string;
    detail?: string;
  }[];
}

async function receiptsOf(response: Response) {
  return (await response.json<Receipts>()).receipts;
}

describe("POST /v1/events", () => {
  it("applies an event, and once when it is sent again", async () => {
    const event = view(someone(), "e1");
    const first = await send(event, { key: WRITE });
    expect(first.status).toBe(200);
    expect(await first.json()).toEqual({ receipts: [{ index: 0, id: "e1", status: "applied", version: 1 }] });
    const second = await send([event], { key: WRITE });
    expect(second.status).toBe(200);
    expect(await receiptsOf(second)).toEqual([{ index: 0, id: "e1", status: "duplicate", version: 1 }]);
  });

  it("reports another body under a known id", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const response = await send(view(user, "e1", { properties: { price: 1 } }));
    expect(await receiptsOf(response)).toMatchObject([{ status: "duplicate", conflict: true }]);
  });

  it("answers 207 and a receipt per item, in order, when some are rejected", async () => {
    const [anna, ben] = [someone(), someone()];
    const response = await send([
      view(anna, "a1"),
      { id: "bad", userId: 7, event: "E" },
      view(ben, "b1"),
      null,
      view(anna, "a2"),
    ]);
    expect(response.status).toBe(207);
    expect(await receiptsOf(response)).toMatchObject([
      { index: 0, id: "a1", status: "applied", version: 1 },
      { index: 1, id: "bad", status: "rejected", code: "user-invalid", pointer: "/userId" },
      { index: 2, id: "b1", status: "applied", version: 1 },
      { index: 3, status: "rejected", code: "event-not-object", pointer: "" },
      { index: 4, id: "a2", status: "applied", version: 1 },
    ]);
  });

  it("keeps the same id of two users apart", async () => {
    const response = await send([view(someone(), "same"), view(someone(), "same")]);
    expect(await receiptsOf(response)).toMatchObject([{ status: "applied" }, { status: "applied" }]);
  });

  it("takes lines, and rejects only the one that is no JSON", async () => {
    const user = someone();
    const body = `${JSON.stringify(view(user, "e1"))}\n{"id":"e2",\n${JSON.stringify(view(user, "e3"))}\n`;
    for (const type of ["application/x-ndjson", "application/ndjson", "application/jsonl"]) {
      const response = await call("POST", "/v1/events", { body, headers: { "Content-Type": type } });
      expect(response.status).toBe(207);
      const [first, second, third] = await receiptsOf(response);
      expect([first?.id, third?.id]).toEqual(["e1", "e3"]);
      expect(second).toMatchObject({ index: 1, status: "rejected", code: "json-malformed" });
      expect(second?.detail).toMatch(/^Line 2: /);
    }
  });

  it("takes JSON as text/plain and with a charset, and no other type", async () => {
    const status = async (type: string, body: Options["body"] = view(someone(), "e")) =>
      (await call("POST", "/v1/events", { body, headers: { "Content-Type": type } })).status;
    expect(await status("text/plain;charset=UTF-8")).toBe(200);
    expect(await status('application/JSON; charset="utf-8"')).toBe(200);
    expect(await status("application/json; charset=utf-16")).toBe(415);
    expect(await status("application/x-www-form-urlencoded")).toBe(415);
    expect(await status("application/xml", "<a/>")).toBe(415);
    const untyped = await call("POST", "/v1/events", {
      body: new TextEncoder().encode("{}"),
      headers: { "Content-Type": " " },
    });
    expect(untyped.status).toBe(415);
  });

  it("refuses a body without events", async () => {
    for (const [body, code] of [
      ["[]", "no-events"],
      ["7", "body-not-events"],
      ["", "json-malformed"],
    ] as const) {
      const response = await send(body);
      expect(await response.json()).toMatchObject({ type: `/problems/${code}`, status: response.status });
    }
  });

  it("refuses more than 2,500 events or 500 users, and then applies none", async () => {
    const user = someone();
    const many = await send(
      Array.from({ length: 2501 }, (_, i) => ({ id: `e${i}`, userId: user, event: "E" })),
    );
    expect([many.status, await many.json()]).toMatchObject([413, { type: "/problems/too-many-events" }]);
    const crowd = await send([
      view(user, "e"),
      ...Array.from({ length: 500 }, (_, i) => view(`crowd-${i}`, "e")),
    ]);
    expect([crowd.status, await crowd.json()]).toMatchObject([413, { type: "/problems/too-many-users" }]);
    expect((await call("GET", profilePath(user))).status).toBe(404);
  });

  it("carries __proto__ and constructor keys to the journal and back as data", async () => {
    const user = someone();
    const body = `{"id":"e1","userId":"${user}","event":"E","properties":{"__proto__":{"a":1},"constructor":{"b":-0}},
      "traits":{"__proto__":"x","toString":"y"}}`;
    expect((await send(body)).status).toBe(200);
    const page = await call("GET", `${profilePath(user)}/events`);
    const text = await page.text();
    expect(text).toContain('"properties":{"__proto__":{"a":1},"constructor":{"b":0}}');
    expect((await call("GET", profilePath(user))).status).toBe(200);
    expect("a" in {}).toBe(false);
  });
});

describe("an object that fails", () => {
  /** The environment, with the objects of some users out of order. */
  function broken(failing: (name: string) => boolean): typeof env {
    const names = new Map<string, string>();
    const PROFILES: typeof env.PROFILES = new Proxy(env.PROFILES, {
      get(target, key) {
        if (key === "idFromName")
          return (name: string) => {
            const id = target.idFromName(name);
            names.set(id.toString(), name);
            return id;
          };
        if (key === "get")
          return (id: DurableObjectId) => {
            if (failing(names.get(id.toString()) ?? "")) {
              const fail = () => Promise.reject(new Error("secret details of jane@example.com"));
              return { ingest: fail, read: fail, events: fail, rank: fail };
            }
            return target.get(id);
          };
        return Reflect.get(target, key);
      },
    });
    return { ...env, PROFILES };
  }

  it("costs its own events a retry, nothing else", async () => {
    const [anna, ben] = [someone(), someone()];
    let first: string | undefined;
    const onlyFirst = broken((name) => {
      first ??= name;
      return name === first;
    });
    const events = [view(anna, "a1"), view(ben, "b1"), view(anna, "a2")];
    const response = await app.fetch(request("POST", "/v1/events", { body: events }), onlyFirst);
    expect(response.status).toBe(207);
    expect(await receiptsOf(response)).toMatchObject([
      { id: "a1", status: "retry", code: "unavailable" },
      { id: "b1", status: "applied" },
      { id: "a2", status: "retry", code: "unavailable" },
    ]);
    const again = await send(events);
    expect((await receiptsOf(again)).map(({ status }) => status)).toEqual([
      "applied",
      "duplicate",
      "applied",
    ]);
  });

  it("answers 503 with Retry-After when all is retries, and tells nothing of the error", async () => {
    const all = broken(() => true);
    for (const sent of [
      request("POST", "/v1/events", { body: view(someone(), "e") }),
      request("GET", "/v1/profiles/u"),
      request("GET", "/v1/profiles/u/events"),
      request("POST", "/v1/profiles/u/rank", { body: { candidates: [{ id: "c", properties: {} }] } }),
    ]) {
      const response = await app.fetch(sent, all);
      expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "1"]);
      expect(await response.text()).not.toContain("jane");
    }
  });

  it("has a name that tells nothing of the user", async () => {
    const seen: string[] = [];
    const user = someone();
    await app.fetch(
      request("GET", profilePath(user)),
      broken((name) => seen.push(name) < 0),
    );
    expect(seen).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });
});

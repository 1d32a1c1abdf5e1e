import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, it, vi } from "vitest";
import { app } from "../../src/http/app.ts";
import { type Access, guardedBy, openWith } from "../../src/http/auth.ts";
import type { App, Context } from "../../src/http/context.ts";
import { problem } from "../../src/http/problems.ts";
import { mintKey } from "../../src/keys/key.ts";
import { Keys } from "../../src/keys/object.ts";
import { call, profilePath, request, SECRET, send, someone, view, WRITE } from "./client.ts";
import { tokenOf } from "./tokens.ts";

const KEY_SECRET = env.KEY_SECRET ?? "";
const OTHER_SECRET = "another secret of this deployment, the next one";
const basic = (pair: string) => ({ Authorization: `Basic ${btoa(pair)}` });
const codeOf = async (response: Response) => {
  const { type }: { type: string } = await response.json();
  return `${response.status} ${type.replace("/problems/", "")}`;
};

/** An app of one path, `/things/:id`, behind these entries. */
function guarded(table: Record<string, Access>) {
  const small = new Hono<App>();
  const tell = (c: Context) => c.json({ key: c.get("key") ?? null, user: c.get("user") ?? null });
  const open = async (c: Context) => {
    const { writeKey }: { writeKey?: string } = await c.req.json();
    const failure = await openWith(c, writeKey);
    return failure === undefined ? c.json({ key: c.get("key") }) : problem(c, failure);
  };
  small.get("/things/:id", guardedBy(table["GET /things/:id"] ?? [], tell));
  small.post("/things/:id", guardedBy(table["POST /things/:id"] ?? [], open));
  return async (method: string, path: string, options: Parameters<typeof request>[2] = {}) =>
    small.fetch(request(method, path, { key: null, ...options }), env);
}

describe("a key", () => {
  it("may be the user name of Basic, without a password", async () => {
    const event = view(someone(), "e1");
    expect((await send(event, { key: null, headers: basic(`${WRITE}:`) })).status).toBe(200);
    expect((await send(event, { key: null, headers: basic(`${WRITE}:pass`) })).status).toBe(401);
    expect((await send(event, { key: null, headers: basic(WRITE) })).status).toBe(401);
    expect((await send(event, { key: null, headers: basic(":") })).status).toBe(401);
    expect((await send(event, { key: null, headers: { Authorization: "Basic %%%" } })).status).toBe(401);
  });

  it("is checked before the body is read", async () => {
    const response = await call("POST", "/v1/events", { key: "wrong", body: "{".repeat(1000) });
    expect(response.status).toBe(401);
  });

  it("works until it expires", async () => {
    const [soon, past] = [Date.now() + 60_000, Date.now() - 1000];
    const keyUntil = (expires: number) => mintKey(KEY_SECRET, { kind: "secret", expires });
    expect((await call("GET", "/v1/stats", { key: keyUntil(soon) })).status).toBe(200);
    expect(await codeOf(await call("GET", "/v1/stats", { key: keyUntil(past) }))).toBe("401 key-expired");
  });

  it("that is bound to origins is taken from their pages only", async () => {
    const key = mintKey(KEY_SECRET, {
      kind: "write",
      origins: ["https://shop.example", "https://app.example"],
    });
    const from = (headers: Record<string, string>) => send(view(someone(), "e1"), { key, headers });
    expect((await from({ Origin: "https://shop.example" })).status).toBe(200);
    expect((await from({ Origin: "https://app.example" })).status).toBe(200);
    const foreign = [
      "https://shop.example.evil.test",
      "http://shop.example",
      "https://SHOP.example",
      "null",
      "",
    ];
    for (const Origin of foreign) expect(await codeOf(await from({ Origin }))).toBe("403 key-origin");
    expect(await codeOf(await from({}))).toBe("403 key-origin");
  });

  it("is nowhere in an answer or a log, whatever is wrong with it", async () => {
    const logged = vi.spyOn(console, "error");
    const keys = [
      `${SECRET}x`,
      mintKey(KEY_SECRET, { kind: "secret", expires: 1000 }),
      mintKey(OTHER_SECRET, { kind: "secret" }),
      mintKey(KEY_SECRET, { kind: "write", origins: ["https://shop.example"] }),
      await tokenOf(someone(), { exp: 1 }),
    ];
    for (const key of keys) {
      for (const response of [
        await call("GET", profilePath("ann"), { key }),
        await call("POST", "/v1/keys/revoke", { body: { key: `${key}x` } }),
        await app.fetch(request("GET", profilePath("ann"), { key }), { ...env, KEYS: unreachable() }),
      ]) {
        const text = JSON.stringify([...response.headers]) + (await response.text());
        expect(text).not.toContain(key.slice(20));
      }
    }
    expect(JSON.stringify(logged.mock.calls)).not.toMatch(/limn_[ws]k_|eyJ/);
    logged.mockRestore();
  });
});

describe("a route whose key may be in the body", () => {
  const ask = guarded({ "POST /things/:id": { inBody: ["write", "secret"] } });
  const post = async (writeKey: string | undefined, headers: Record<string, string> = {}) => {
    const response = await ask("POST", "/things/1", { headers, body: { writeKey } });
    return response.ok ? await response.json() : codeOf(response);
  };

  it("opens with a key in the header or in the body", async () => {
    expect(await post(WRITE)).toEqual({ key: "write" });
    expect(await post(undefined, basic(`${WRITE}:`))).toEqual({ key: "write" });
    expect(await post(SECRET)).toEqual({ key: "secret" });
  });

  it("leaves it to the body when the header says nothing to us", async () => {
    expect(await post(WRITE, { Authorization: "Bearer a.token.of-another-service" })).toEqual({
      key: "write",
    });
    expect(await post("wrong", { Authorization: "Bearer wrong" })).toBe("401 key-unknown");
    expect(await post(undefined, { Authorization: "Bearer wrong" })).toBe("401 key-unknown");
  });

  it("stays closed without a key, and to one that may not", async () => {
    const expired = mintKey(KEY_SECRET, { kind: "write", expires: 1000 });
    expect(await post(undefined)).toBe("401 key-missing");
    expect(await post("")).toBe("401 key-unknown");
    expect(await post(expired)).toBe("401 key-expired");
    expect(await post(WRITE, { Authorization: `Bearer ${expired}` })).toBe("401 key-expired");
    expect(await post(mintKey(KEY_SECRET, { kind: "write", origins: ["https://a.test"] }))).toBe(
      "403 key-origin",
    );
    expect(await post(await tokenOf("1"))).toBe("401 key-unknown");
  });
});

describe("a route that the table does not name", () => {
  it("is closed to every credential", async () => {
    const ask = guarded({});
    for (const key of [WRITE, SECRET])
      expect(await codeOf(await ask("GET", "/things/1", { key }))).toBe("403 key-scope");
    expect(await codeOf(await ask("GET", "/things/1", { key: await tokenOf("1") }))).toBe("403 token-scope");
    expect(await codeOf(await ask("GET", "/things/1"))).toBe("401 key-missing");
  });

  it("does not take a key from a body either", async () => {
    const ask = guarded({ "POST /things/:id": ["secret"] });
    expect(await codeOf(await ask("POST", "/things/1", { body: { writeKey: SECRET } }))).toBe(
      "401 key-missing",
    );
  });
});

describe("a token in the URL", () => {
  const ask = guarded({ "GET /things/:id": ["secret", "user:live"] });
  const read = guarded({ "GET /things/:id": ["secret", "user:read"] });

  it("opens its own profile where it may be followed live, for EventSource and WebSocket cannot send headers", async () => {
    const token = await tokenOf("a b/ö", { scope: "live" });
    const path = `/things/${encodeURIComponent("a b/ö")}?token=${token}`;
    expect(await (await ask("GET", path)).json()).toEqual({ key: null, user: "a b/ö" });
    expect(await codeOf(await ask("GET", `/things/other?token=${token}`))).toBe("404 profile-unknown");
    expect(await codeOf(await read("GET", path))).toBe("401 key-missing");
  });

  it("is never a key, and does not help a header that is wrong", async () => {
    for (const key of [WRITE, SECRET]) {
      expect(await codeOf(await ask("GET", `/things/1?token=${key}`))).toBe("401 token-invalid");
    }
    const token = await tokenOf("1");
    expect(await codeOf(await ask("GET", `/things/1?token=${token}`, { key: "wrong" }))).toBe(
      "401 key-unknown",
    );
  });
});

describe("the secret of the keys", () => {
  const stats = (key: string, secrets: object) =>
    app.fetch(request("GET", "/v1/stats", { key }), { ...env, ...secrets });

  it("can be changed without a moment in which neither the old keys nor the new ones work", async () => {
    const next = mintKey(OTHER_SECRET, { kind: "secret" });
    const during = { KEY_SECRET: OTHER_SECRET, KEY_SECRET_PREVIOUS: KEY_SECRET };
    const after = { KEY_SECRET: OTHER_SECRET };
    expect((await stats(SECRET, {})).status).toBe(200);
    expect((await stats(SECRET, during)).status).toBe(200);
    expect((await stats(next, during)).status).toBe(200);
    expect((await stats(next, after)).status).toBe(200);
    expect((await stats(SECRET, after)).status).toBe(401);
  });
});

describe("a deployment stays closed", () => {
  const SHORT = "only 31 characters are too few.";
  it.each([
    ["KEY_SECRET", undefined, "KEY_SECRET is not set."],
    ["KEY_SECRET", "", "KEY_SECRET is not set."],
    ["ID_SECRET", undefined, "ID_SECRET is not set."],
    ["ID_SECRET", "", "ID_SECRET is not set."],
    ["KEY_SECRET", SHORT, "KEY_SECRET is shorter than 32 characters."],
    ["KEY_SECRET_PREVIOUS", SHORT, "KEY_SECRET_PREVIOUS is shorter than 32 characters."],
    ["USER_TOKEN_SECRET", SHORT, "USER_TOKEN_SECRET is shorter than 32 characters."],
    ["USER_TOKEN_ISSUER", undefined, "USER_TOKEN_ISSUER is not set."],
    ["USER_TOKEN_AUDIENCE", "", "USER_TOKEN_AUDIENCE is not set."],
    ["RETENTION_DAYS", "30d", "RETENTION_DAYS is not a number above 0."],
    ["RETENTION_EVENTS", "0", "RETENTION_EVENTS is not a number above 0."],
    ["USER_TOKEN_JWKS", "{}", "USER_TOKEN_SECRET and USER_TOKEN_JWKS are both set."],
  ])("with %s = %s", async (name, value, detail) => {
    for (const path of ["/v1/profiles/u", "/healthz"]) {
      const response = await app.fetch(request("GET", path, { key: "" }), { ...env, [name]: value });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ type: "/problems/not-configured", detail });
    }
  });
});

describe("what an isolate knows of keys", () => {
  it("outlives a request: the revoked keys are not asked for again by the next", async () => {
    await call("GET", "/v1/stats");
    const asked = vi.spyOn(Keys.prototype, "revoked");
    for (let i = 0; i < 5; i++) await call("GET", "/v1/stats");
    expect(asked).not.toHaveBeenCalled();
    await app.fetch(request("GET", "/v1/stats"), { ...env });
    expect(asked).toHaveBeenCalledOnce();
    asked.mockRestore();
  });
});

function unreachable(): typeof env.KEYS {
  const fail = () => Promise.reject(new Error(`secret details of ${SECRET}`));
  return new Proxy(env.KEYS, {
    get: (target, name) =>
      name === "get" ? () => ({ revoked: fail, revoke: fail }) : Reflect.get(target, name).bind(target),
  });
}

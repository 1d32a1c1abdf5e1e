import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { MOST_REVOKED } from "../../src/keys/contract.ts";
import { mintKey } from "../../src/keys/key.ts";
import { Keys } from "../../src/keys/object.ts";
import { call, request, send, someone, view } from "./client.ts";
import { namespaceOf } from "./faking.ts";

const KEY_SECRET = env.KEY_SECRET ?? "";
const revoke = (key: unknown, by?: string) =>
  call("POST", "/v1/keys/revoke", { body: { key }, ...(by === undefined ? {} : { key: by }) });
const codeOf = async (response: Response) => {
  const { type }: { type: string } = await response.json();
  return `${response.status} ${type.replace("/problems/", "")}`;
};

describe("POST /v1/keys/revoke", () => {
  it("ends a key at once here, however often it is asked to", async () => {
    const key = mintKey(KEY_SECRET, { kind: "write", expires: Date.now() + 86_400_000 });
    expect((await send(view(someone(), "e1"), { key })).status).toBe(200);
    const first = await revoke(key);
    expect(first.status).toBe(200);
    const answer = await first.json();
    expect(answer).toEqual({
      id: key.slice(0, 20),
      kind: "write",
      revokedAt: expect.stringMatching(/^20/),
      expiresAt: expect.stringMatching(/^20/),
      effectiveWithinSeconds: 60,
    });
    expect(await codeOf(await send(view(someone(), "e1"), { key }))).toBe("401 key-revoked");
    expect(await (await revoke(key)).json()).toEqual(answer);
  });

  it("ends a key by its id, for whoever has not the rest of it", async () => {
    const key = mintKey(KEY_SECRET, { kind: "secret" });
    expect((await revoke(key.slice(0, 20))).status).toBe(200);
    expect(await codeOf(await call("GET", "/v1/stats", { key }))).toBe("401 key-revoked");
  });

  it("reaches an isolate that has not heard of it before it lets a request through", async () => {
    const key = mintKey(KEY_SECRET, { kind: "secret" });
    const stats = (bindings: typeof env) => app.fetch(request("GET", "/v1/stats", { key }), bindings);
    // Each environment has what an isolate has: what it knows of keys.
    expect((await stats({ ...env })).status).toBe(200);
    await revoke(key);
    expect(await codeOf(await stats({ ...env }))).toBe("401 key-revoked");
  });

  it("ends the key that it is asked with, and says so", async () => {
    const key = mintKey(KEY_SECRET, { kind: "secret" });
    expect(await (await revoke(key, key)).json()).toMatchObject({
      warning: expect.stringContaining("This is the key"),
    });
    expect(await codeOf(await revoke(key, key))).toBe("401 key-revoked");
  });

  it("takes nothing else for a key", async () => {
    const other = mintKey("a secret of another deployment, also long", { kind: "write" });
    for (const odd of ["", "limn_wk_", other, `${other.slice(0, 20)}x`, "x".repeat(5000)]) {
      const response = await revoke(odd);
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({ type: "/problems/body-invalid", pointer: "/key" });
    }
    for (const odd of [7, null, undefined, []]) expect((await revoke(odd)).status).toBe(422);
  });
});

describe("GET /v1/keys/revoked", () => {
  it("lists the revoked keys, newest first, by their ids alone", async () => {
    const keys = ["write", "secret"].map((kind) =>
      mintKey(KEY_SECRET, { kind: kind === "write" ? "write" : "secret" }),
    );
    for (const key of keys) await revoke(key);
    const text = await (await call("GET", "/v1/keys/revoked")).text();
    const { data }: { data: { id: string; kind: string }[] } = JSON.parse(text);
    expect(data.slice(0, 2)).toEqual(
      keys.toReversed().map((key) => ({
        id: key.slice(0, 20),
        kind: key.startsWith("limn_wk_") ? "write" : "secret",
        revokedAt: expect.any(String),
      })),
    );
    for (const key of keys) expect(text).not.toContain(key.slice(20));
  });
});

describe("the object that knows the revoked keys", () => {
  const id = (i: number) => `limn_wk_${String(i).padStart(12, "0")}`;

  it("keeps so many and no more; those that have expired make room", async () => {
    // Within the object: two thousand calls from outside would take seconds.
    await runInDurableObject(env.KEYS.get(env.KEYS.newUniqueId()), async (object) => {
      if (!(object instanceof Keys)) throw new Error("the object of the revoked keys was expected");
      for (let i = 1; i < MOST_REVOKED; i++) await object.revoke(id(i));
      await object.revoke(id(0), Date.now() - 1);
      expect(await object.revoked()).toHaveLength(MOST_REVOKED);
      expect(await object.revoke(id(MOST_REVOKED))).toMatchObject({ id: id(MOST_REVOKED) });
      expect(await object.revoke(id(MOST_REVOKED + 1))).toBeUndefined();
      expect(await object.revoke(id(7))).toMatchObject({ id: id(7) });
      const ids = (await object.revoked()).map((one) => one.id);
      expect(ids).toHaveLength(MOST_REVOKED);
      expect(ids[0]).toBe(id(MOST_REVOKED));
      expect(ids).not.toContain(id(0));
    });
  });

  it("closes the edge while it cannot be reached and nothing is known", async () => {
    const fail = () => Promise.reject(new Error("secret details"));
    const KEYS = namespaceOf(env.KEYS, () => ({ revoked: fail, revoke: fail }));
    const bindings = { ...env, KEYS };
    const response = await app.fetch(request("GET", "/v1/stats"), bindings);
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(await codeOf(response)).toBe("503 keys-unavailable");
    expect((await app.fetch(request("GET", "/healthz"), bindings)).status).toBe(200);
    expect(await codeOf(await app.fetch(request("GET", "/v1/stats", { key: "wrong" }), bindings))).toBe(
      "401 key-unknown",
    );
  });
});

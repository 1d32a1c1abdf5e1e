import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { ACCESS } from "../../src/http/auth.ts";
import { call, request, SECRET, send, someone, view, WRITE } from "./client.ts";

const routes = Object.keys(ACCESS).map((route): [string, string] => {
  const [method = "", path = ""] = route.split(" ");
  return [method, path.replace(":id", "nobody")];
});

const attempt = (method: string, path: string, headers: Record<string, string>) =>
  call(method, path, { key: null, headers, ...(method === "POST" ? { body: {} } : {}) });

describe("the access table", () => {
  it("names every route of the app, and only those", () => {
    const served = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(served)].sort()).toEqual(Object.keys(ACCESS).sort());
  });

  it.each(routes)("is kept by %s %s", async (method, path) => {
    const access = ACCESS[`${method} ${path.replace("nobody", ":id")}`];
    const keys: [string, Record<string, string>, number | undefined][] = [
      ["no key", {}, 401],
      ["a bad key", { Authorization: "Bearer wrong" }, 401],
      ["an empty key", { Authorization: "Bearer " }, 401],
      ["another scheme", { Authorization: `Digest ${SECRET}` }, 401],
      [
        "the write key",
        { Authorization: `Bearer ${WRITE}` },
        access !== undefined && JSON.stringify(access).includes("write") ? undefined : 403,
      ],
      ["the secret key", { Authorization: `Bearer ${SECRET}` }, undefined],
    ];
    for (const [name, headers, refusal] of keys) {
      const response = await attempt(method, path, headers);
      if (access === "anyone" || refusal === undefined) {
        expect([name, response.status]).not.toEqual([name, 401]);
        expect([name, response.status]).not.toEqual([name, 403]);
      } else {
        expect([name, response.status]).toEqual([name, refusal]);
        expect(response.headers.has("WWW-Authenticate")).toBe(refusal === 401);
        expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      }
      await response.body?.cancel();
    }
  });
});

describe("a key", () => {
  it("may be the user name of Basic, without a password", async () => {
    const basic = (pair: string) => ({ Authorization: `Basic ${btoa(pair)}` });
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
});

describe("a deployment that lacks a secret stays closed", () => {
  it.each(["WRITE_KEY", "SECRET_KEY", "ID_SECRET"])("without %s", async (name) => {
    for (const value of [undefined, ""]) {
      for (const path of ["/v1/profiles/u", "/healthz"]) {
        const response = await app.fetch(request("GET", path, { key: "" }), { ...env, [name]: value });
        expect(response.status).toBe(503);
        expect(await response.json()).toMatchObject({
          type: "/problems/not-configured",
          detail: `${name} is not set.`,
        });
      }
    }
  });

  it("or whose secret key is the public one", async () => {
    const response = await app.fetch(request("GET", "/v1/profiles/u"), { ...env, WRITE_KEY: SECRET });
    expect(response.status).toBe(503);
  });
});

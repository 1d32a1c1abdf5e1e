import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ROUTES } from "../../fuzz/addresses.ts";
import { app } from "../../src/http/app.ts";
import { ACCESS } from "../../src/http/auth.ts";
import { call, profilePath, request, SECRET, send, someone, view, WRITE } from "./client.ts";
import { said } from "./said.ts";
import { tokenOf } from "./tokens.ts";

// The list of hostile inputs, as in `hostile.test.ts`: who asks, and for what.

describe("a credential", () => {
  it.each([
    ["missing", null, 401, "key-missing"],
    ["bad", "limn_sk_bad", 401, "key-unknown"],
    ["of the wrong scope", WRITE, 403, "key-scope"],
  ])("that is %s is refused: %s", async (_, key, status, code) => {
    expect(await said(await call("GET", "/v1/profiles/ann", { key }))).toEqual([status, code]);
  });

  it("of a user, for another user's profile, is 404 with the same body as for one who is unknown", async () => {
    const [ann, ben, nobody] = [someone(), someone(), someone()];
    await send([view(ann, "e"), view(ben, "e")]);
    const key = await tokenOf(ann);
    // Bodies of problems differ by the id of the request alone.
    const headers = { "X-Request-Id": "the-same" };
    const other = await call("GET", profilePath(ben), { key, headers });
    const unknown = await call("GET", profilePath(nobody), { key, headers });
    expect([other.status, unknown.status]).toEqual([404, 404]);
    expect(await other.text()).toBe(await unknown.text());
    const names = (response: Response) => [...response.headers.keys()].sort();
    expect(names(other)).toEqual(names(unknown));
  });

  const encoded = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  it.each([
    ["alg none", async (token: string) => `${encoded({ alg: "none" })}.${token.split(".")[1]}.`],
    [
      "RS256 signed as HS256",
      async (token: string) => `${encoded({ alg: "RS256" })}.${token.split(".").slice(1).join(".")}`,
    ],
    ["an expiry that is past", () => tokenOf("ann", { exp: Math.floor(Date.now() / 1000) - 60 })],
    ["a wrong audience", () => tokenOf("ann", { aud: "others" })],
  ])("that is a JWT with %s is 401", async (_, forge) => {
    const key = await forge(await tokenOf("ann"));
    expect(await said(await call("GET", "/v1/profiles/ann", { key }))).toEqual([401, "token-invalid"]);
  });
});

it.each(["https://evil.example", "null", "https://limn.test.evil.example", "://"])(
  "a WebSocket of the foreign Origin %s is 403 before the upgrade",
  async (origin) => {
    let asked = 0;
    const counting = new Proxy(env.PROFILES, {
      get: (target, key) => {
        asked++;
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const headers = { Upgrade: "websocket", Origin: origin };
    const live = request("GET", `${profilePath(someone())}/live`, { key: SECRET, headers });
    const response = await app.fetch(live, { ...env, PROFILES: counting });
    expect(response.webSocket).toBeNull();
    expect(await said(response)).toEqual([403, "origin-foreign"]);
    expect(asked).toBe(0);
  },
);

// Found by the fuzz of drafts: each made an object throw, or work for seconds.
describe("a preview", () => {
  const preview = (body: string) => call("POST", "/v1/profiles/ann/preview", { body });

  it("at a time beyond the last date is 422", async () => {
    expect(await said(await preview('{"at":9007199254740991}'))).toEqual([422, "body-invalid"]);
    expect((await preview('{"at":8640000000000000}')).status).toBe(200);
  });

  it("of a definition that is larger than any is 422", async () => {
    const many = Array(30_000).fill('"e"').join();
    const models = `{"m":{"target":{"examples":[${many}],"positive":[${many}]},"features":[{"kind":"hour"}]}}`;
    const response = await preview(`{"definition":{"name":"a","events":{"e":{}},"models":${models}}}`);
    expect(await said(response)).toEqual([422, "definition-invalid"]);
  });
});

it("every answer has a request id, also those of merges and of WebSockets", async () => {
  const [ann, visitor] = [someone(), `anonymous:${someone()}`];
  const responses = [
    await call("POST", `${profilePath(ann)}/merge`, { body: { from: visitor } }),
    await call("POST", `${profilePath(visitor)}/unmerge`, { body: {} }),
    await call("GET", `${profilePath(ann)}/live`, { headers: { Upgrade: "websocket" } }),
  ];
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 101]);
  for (const response of responses) expect(response.headers.get("X-Request-Id")).toMatch(/^[\w-]{1,64}$/);
  responses[2]?.webSocket?.accept();
  responses[2]?.webSocket?.close();
});

it("the fuzz of the Worker knows every route", () => {
  expect(ROUTES.toSorted()).toEqual(Object.keys(ACCESS).sort());
});

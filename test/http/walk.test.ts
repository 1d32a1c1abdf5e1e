import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { ACCESS } from "../../src/http/auth.ts";
import { mintKey } from "../../src/keys/key.ts";
import { call, SECRET, send, someone, view, WRITE } from "./client.ts";
import { tokenOf } from "./tokens.ts";

/*
 * The policy, said once more in other words: a secret key opens all there is; a write key only what takes events in; a
 * user token only the reading of its own profile. What is not named here is for secret keys only.
 */
const FOR_ALL = ["GET /healthz", "GET /problems/:code", "GET /openapi.json", "GET /docs", "GET /docs/:file"];
/** What Segment's clients use: their key may also be in the body, or in the path. A token is no key of theirs. */
const FOR_SEGMENT = [
  ...["identify", "track", "page", "screen", "group", "alias", "batch"],
  ...["i", "t", "p", "s", "g", "a", "b"],
]
  .map((name) => `POST /v1/${name}`)
  .concat("GET /v1/projects/:writeKey/settings");
const FOR_WRITE_KEYS = ["POST /v1/events", ...FOR_SEGMENT];
const FOR_USERS: Record<string, string> = {
  "GET /v1/profiles/:id": "read",
  "GET /v1/profiles/:id/live": "live",
};

const KEY_SECRET = env.KEY_SECRET ?? "";
const anHourAgo = Date.now() - 3_600_000;
const own = someone();
const other = someone();
const absent = someone();
const revoked = {
  write: mintKey(KEY_SECRET, { kind: "write" }),
  secret: mintKey(KEY_SECRET, { kind: "secret" }),
};

type Sent = [
  name: string,
  credential: () => Promise<string> | string,
  expected: (route: string, user: string) => Expected,
];
type Expected = "passes" | 401 | 403 | "absent";

const isForAll = (route: string) => FOR_ALL.includes(route);
const unless =
  (refusal: Expected, opens: (route: string, user: string) => boolean) => (route: string, user: string) =>
    isForAll(route) || opens(route, user) ? "passes" : refusal;
const never = () => false;
const forUser =
  (scopes: string[]) =>
  (route: string, user: string): Expected => {
    if (isForAll(route)) return "passes";
    if (FOR_SEGMENT.includes(route)) return 401;
    const scope = FOR_USERS[route];
    if (scope === undefined || !scopes.includes(scope)) return 403;
    return user === own ? "passes" : "absent";
  };

const bearer = (key: string) => `Bearer ${key}`;
const minted = (kind: "write" | "secret", key: object = {}, secret = KEY_SECRET) =>
  bearer(mintKey(secret, { kind, ...key }));
const tampered = (key: string, from: string, to: string) => bearer(key.replace(from, to));

const CREDENTIALS: Sent[] = [
  ["no key", () => "", unless(401, never)],
  ["an empty key", () => "Bearer ", unless(401, never)],
  ["garbage", () => bearer("garbage"), unless(401, never)],
  ["another scheme", () => `Digest ${SECRET}`, unless(401, never)],
  ["a write key", () => bearer(WRITE), unless(403, (route) => FOR_WRITE_KEYS.includes(route))],
  ["a secret key", () => bearer(SECRET), () => "passes"],
  ["a secret key as Basic", () => `Basic ${btoa(`${SECRET}:`)}`, () => "passes"],
  ["an expired write key", () => minted("write", { expires: anHourAgo }), unless(401, never)],
  ["an expired secret key", () => minted("secret", { expires: anHourAgo }), unless(401, never)],
  ["a revoked write key", () => bearer(revoked.write), unless(401, never)],
  ["a revoked secret key", () => bearer(revoked.secret), unless(401, never)],
  [
    "a write key of another origin",
    () => minted("write", { origins: ["https://other.test"] }),
    unless(403, never),
  ],
  [
    "a key of another secret",
    () => minted("secret", {}, "a secret of another deployment, also long"),
    unless(401, never),
  ],
  ["a write key made a secret one", () => tampered(WRITE, "limn_wk_", "limn_sk_"), unless(401, never)],
  ["a secret key made a write one", () => tampered(SECRET, "limn_sk_", "limn_wk_"), unless(401, never)],
  ["the id of a secret key", () => bearer(SECRET.slice(0, 20)), unless(401, never)],
  ["the user's token", async () => bearer(await tokenOf(own)), forUser(["read", "live"])],
  ["the user's token to read", async () => bearer(await tokenOf(own, { scope: "read" })), forUser(["read"])],
  [
    "the user's token to follow",
    async () => bearer(await tokenOf(own, { scope: "live" })),
    forUser(["live"]),
  ],
  [
    "the user's token without a scope",
    async () => bearer(await tokenOf(own, { scope: undefined })),
    forUser([]),
  ],
  ["an expired token", async () => bearer(await tokenOf(own, { exp: anHourAgo / 1000 })), unless(401, never)],
  [
    "a token of another audience",
    async () => bearer(await tokenOf(own, { aud: "other" })),
    unless(401, never),
  ],
];

/** Bodies of problems differ by the id of the request alone. */
const SAME_REQUEST = { "X-Request-Id": "walk" };

// Those that answer any method too: nothing stands outside.
const routes = [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))];

beforeAll(async () => {
  await send([view(own, "walk-1"), view(other, "walk-1")]);
  for (const key of [revoked.write, revoked.secret]) await call("POST", "/v1/keys/revoke", { body: { key } });
});

describe("authorisation", () => {
  it("has an entry in the table for each route, and none for another", () => {
    expect(routes.toSorted()).toEqual(Object.keys(ACCESS).sort());
  });

  describe.each(routes)("of %s", (route) => {
    it.each(CREDENTIALS)("given %s", async (_, credential, expected) => {
      const [method = "", path = ""] = route.split(" ");
      const header = await credential();
      const headers: Record<string, string> = { Origin: "https://shop.test", ...SAME_REQUEST };
      if (header !== "") headers.Authorization = header;
      for (const user of [own, other, absent]) {
        // Other parameters name nothing that there is.
        const url = path.replace(":id", encodeURIComponent(user)).replaceAll(/:\w+/g, "nothing");
        const response = await call(method, url, {
          key: null,
          headers,
          ...(method === "POST" || method === "PUT" ? { body: {} } : {}),
        });
        const should = expected(route, user);
        const { status } = response;
        if (should === "passes") {
          expect([401, 403]).not.toContain(status);
          // That the profile is not there is for those to hear who may know.
          if (path === "/v1/profiles/:id" && user !== absent) expect(status).toBe(200);
          await response.body?.cancel();
        } else if (should === "absent") {
          expect(status).toBe(404);
          const unknown = await call("GET", `/v1/profiles/${absent}`, { headers: SAME_REQUEST });
          expect(await response.text()).toBe(await unknown.text());
        } else {
          expect(status).toBe(should);
          expect(response.headers.has("WWW-Authenticate")).toBe(should === 401);
          expect(response.headers.get("Content-Type")).toBe("application/problem+json");
          expect(await response.json()).toMatchObject({
            type: expect.stringMatching(/^\/problems\/(key|token)-/),
            remedy: expect.any(String),
          });
        }
      }
    });
  });
});

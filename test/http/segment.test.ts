import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SEGMENT_BODY_BYTES } from "../../src/events/limits.ts";
import { app } from "../../src/http/app.ts";
import { call, type Options, profilePath, request, SECRET, someone, WRITE } from "./client.ts";
import { faking, namespaceOf, receiving } from "./faking.ts";

interface Answer {
  success?: boolean;
  type?: string;
  receipts: { index: number; id?: string; status: string; code?: string; pointer?: string }[];
}

const track = (userId: string, messageId: string, members: object = {}) => ({
  type: "track",
  messageId,
  userId,
  event: "Product Viewed",
  ...members,
});

const post = (path: string, body: unknown, options: Options = {}) =>
  call("POST", path, { key: WRITE, ...options, body });
const batch = (items: unknown[], options: Options = {}) => post("/v1/batch", { batch: items }, options);

const profileOf = async (user: string) =>
  (await call("GET", profilePath(user))).json<{
    events: number;
    traits: Record<string, { value: unknown }>;
    interests: Record<string, { keys: { key: string }[] }>;
    lastSeen: string;
  }>();
const countOf = async (user: string) => (await profileOf(user)).events;

const statuses = ({ receipts }: Answer) => receipts.map(({ status }) => status);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a Segment route", () => {
  it.each([
    ["identify", { traits: { plan: "pro" } }, "Identify"],
    ["track", { event: "Cart Viewed" }, "Cart Viewed"],
    ["page", { name: "Home" }, "Page Viewed"],
    ["screen", { name: "Home" }, "Screen Viewed"],
    ["group", { groupId: "g" }, "Group"],
    ["alias", { previousId: "a" }, "Alias"],
  ])("takes in one call of %s, by its name and its first letter", async (name, members, event) => {
    const user = someone();
    for (const [path, messageId] of [
      [`/v1/${name}`, "m1"],
      [`/v1/${name.charAt(0)}`, "m2"],
    ]) {
      const response = await post(path ?? "", { messageId, userId: user, ...members });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        success: true,
        receipts: [{ index: 0, id: messageId, status: "applied" }],
      });
    }
    const listed = await (await call("GET", `${profilePath(user)}/events`)).json<{ data: object[] }>();
    expect(listed.data).toMatchObject([{ event }, { event }]);
  });

  it("takes in a batch, in which the types are mixed, of several users", async () => {
    const [ann, ben] = [someone(), someone()];
    for (const path of ["/v1/batch", "/v1/b"]) {
      const identify = { type: "identify", messageId: "m3", userId: ann, traits: { plan: "pro" } };
      const response = await post(path, { batch: [track(ann, "m1"), track(ben, "m2"), identify] });
      expect([response.status, statuses(await response.json())]).toEqual([
        200,
        Array(3).fill(path === "/v1/b" ? "duplicate" : "applied"),
      ]);
    }
    expect(await countOf(ann)).toBe(2);
    expect(await countOf(ben)).toBe(1);
    expect((await profileOf(ann)).traits.plan?.value).toBe("pro");
  });

  it("folds an Order Completed by each of its products", async () => {
    const user = someone();
    const products = [
      { product_id: "p1", category: "Shoes", brand: "Juno", price: 50, quantity: 1 },
      { product_id: "p2", category: "Books", brand: "Mara", price: 12, quantity: 2 },
    ];
    const order = { event: "Order Completed", properties: { order_id: "o1", revenue: 74, products } };
    expect((await batch([track(user, "m1", order)])).status).toBe(200);
    const { events, interests } = await profileOf(user);
    expect(events).toBe(1);
    for (const [dimension, keys] of [
      ["product_id", ["p1", "p2"]],
      ["category", ["Books", "Shoes"]],
      ["brand", ["Juno", "Mara"]],
    ] as const) {
      expect(JSON.stringify(interests[dimension])).toContain(keys[0]);
      expect(JSON.stringify(interests[dimension])).toContain(keys[1]);
    }
  });

  it("corrects the time by the clock of the sender, once: a retry with another sentAt is no conflict", async () => {
    const user = someone();
    const wrong = Date.now() - 10 * 365 * 86_400_000;
    const send = async (sentAt: number) => {
      const timestamp = new Date(wrong - 60_000).toISOString();
      return post("/v1/batch", {
        sentAt: new Date(sentAt).toISOString(),
        batch: [track(user, "m1", { timestamp })],
      });
    };
    await send(wrong);
    const { lastSeen } = await profileOf(user);
    expect(Math.abs(Date.now() - 60_000 - Date.parse(lastSeen))).toBeLessThan(10_000);
    const { receipts } = await (await send(wrong + 5000)).json<Answer>();
    expect(receipts).toMatchObject([{ status: "duplicate" }]);
    expect(receipts[0]).not.toHaveProperty("conflict");
    expect((await profileOf(user)).lastSeen).toBe(lastSeen);
  });
});

describe("the key", () => {
  const body = () => ({ ...track(someone(), "m"), writeKey: WRITE });
  const basic = (key: string) => ({ Authorization: `Basic ${btoa(`${key}:`)}` });

  it.each<[string, Options, object, number]>([
    ["Basic", { headers: basic(WRITE), key: null }, {}, 200],
    ["Bearer", { key: WRITE }, {}, 200],
    ["the body", { key: null }, { writeKey: WRITE }, 200],
    ["the body, next to a token of another service", { key: "foreign" }, { writeKey: WRITE }, 200],
    ["nowhere", { key: null }, {}, 401],
    ["the body, unknown", { key: null }, { writeKey: "wrong" }, 401],
    ["the body, a number", { key: null }, { writeKey: 7 }, 401],
    ["the header, unknown", { key: "wrong" }, {}, 401],
    ["the header, secret", { key: SECRET }, {}, 200],
  ])("may be in %s: %#", async (_place, options, members, status) => {
    const user = someone();
    for (const [path, sent] of [
      ["/v1/track", { ...track(user, "m1"), ...members }],
      ["/v1/batch", { batch: [track(user, "m2")], ...members }],
    ] as const) {
      expect((await post(path, sent, options)).status).toBe(status);
    }
    if (status === 401) expect((await call("GET", profilePath(user))).status).toBe(404);
  });

  it("is asked for before anything is said of the body", async () => {
    for (const broken of ["", "{", '{"batch":[', "x".repeat(SEGMENT_BODY_BYTES + 1)]) {
      expect((await post("/v1/batch", broken, { key: null })).status).toBe(401);
    }
  });

  it("is in no kept failure", async () => {
    const user = someone();
    const bad = { ...body(), userId: user, timestamp: "yesterday" };
    expect((await post("/v1/track", bad, { key: null })).status).toBe(422);
    await post("/v1/batch", { batch: [bad, track(user, "ok")], writeKey: WRITE }, { key: null });
    const text = await (await call("GET", `/v1/failures?user=${user}`)).text();
    expect(JSON.parse(text).data).toHaveLength(2);
    expect(text).not.toContain(WRITE);
  });
});

describe("a body", () => {
  const sent = (user: string) => JSON.stringify({ batch: [track(user, "m")], writeKey: WRITE });
  const typed = (type: string) => ({ headers: { "Content-Type": type } });

  it.each(["application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"])(
    "may be sent as %s",
    async (type) => {
      expect((await post("/v1/batch", sent(someone()), typed(type))).status).toBe(200);
    },
  );

  it("may be a beacon's: no header but the type, or not even that", async () => {
    const user = someone();
    for (const [id, headers] of [
      ["m1", { "Content-Type": "text/plain", Origin: "https://shop.example" }],
      ["m2", { Origin: "https://shop.example" }],
    ] as const) {
      // Of bytes: a request makes its own type of a text.
      const bytes = new TextEncoder().encode(JSON.stringify({ ...track(user, id), writeKey: WRITE }));
      const beacon = new Request("https://limn.test/v1/t", { method: "POST", headers, body: bytes });
      expect((await app.fetch(beacon, env)).status).toBe(200);
    }
    expect(await countOf(user)).toBe(2);
  });

  it.each(["application/xml", "application/x-ndjson", "text/plain;charset=latin1"])(
    "is not %s",
    async (type) => {
      const response = await post("/v1/batch", sent(someone()), typed(type));
      expect(response.status).toBe(415);
      expect(response.headers.get("Accept-Post")).toBe("application/json, text/plain");
    },
  );

  it("may be gzip; 100 MB of it that are zeros are too large, half of it is malformed", async () => {
    const gzip = async (body: BodyInit) =>
      new Uint8Array(
        await new Response(
          new Response(body).body?.pipeThrough(new CompressionStream("gzip")) ?? null,
        ).arrayBuffer(),
      );
    const options = { headers: { "Content-Encoding": "gzip", "Content-Type": "application/json" } };
    const whole = await gzip(sent(someone()));
    expect((await post("/v1/batch", whole, options)).status).toBe(200);
    expect((await post("/v1/batch", whole.slice(0, -12), options)).status).toBe(400);
    const bomb = await gzip(new Uint8Array(100_000_000));
    expect((await post("/v1/batch", bomb, options)).status).toBe(413);
    const br = { headers: { "Content-Encoding": "br", "Content-Type": "application/json" } };
    expect((await post("/v1/batch", whole, br)).status).toBe(415);
  });

  it("may be 500 KiB, not a byte more", async () => {
    const body = sent(someone());
    expect((await post("/v1/batch", body.padEnd(SEGMENT_BODY_BYTES))).status).toBe(200);
    expect((await post("/v1/batch", body.padEnd(SEGMENT_BODY_BYTES + 1))).status).toBe(413);
  });

  it.each<[string, string, number, string]>([
    ["is empty", "", 400, "json-malformed"],
    ["is cut off", '{"batch":[', 400, "json-malformed"],
    ["is a list", "[]", 400, "body-not-events"],
    ["has no batch", "{}", 400, "body-not-events"],
    ["has an empty batch", '{"batch":[]}', 422, "no-events"],
    ["nests 10,000 levels", `{"batch":${"[".repeat(10_000)}`, 400, "json-too-deep"],
    ["has 2,501 events", `{"batch":[${"0,".repeat(2500)}0]}`, 413, "too-many-events"],
  ])("that %s is refused", async (_what, body, status, code) => {
    const response = await post("/v1/batch", body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ type: `/problems/${code}` });
  });
});

describe("a batch of which not all is good", () => {
  it("is taken in without what is rejected, and the answer says of what", async () => {
    const user = someone();
    const long = "m".repeat(101);
    const items = [
      track(user, "m1"),
      track(user, long),
      track(user, "m3", { properties: { s: "x".repeat(32_768) } }),
      { ...track(user, "m4"), userId: 7 },
      track(user, "m5"),
    ];
    const response = await batch(items);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      success: true,
      receipts: [
        { status: "applied" },
        { status: "rejected", code: "id-invalid", pointer: "/messageId" },
        { status: "rejected", code: "event-too-large" },
        { status: "rejected", code: "user-invalid", pointer: "/userId" },
        { status: "applied" },
      ],
    });
    expect(await countOf(user)).toBe(2);
  });

  it("is refused when all is rejected, for clients to tell their developer", async () => {
    const response = await batch([track("", "m1"), { ...track("u", "m2"), type: "x" }]);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      type: "/problems/events-rejected",
      receipts: [{ code: "user-invalid" }, { code: "type-invalid" }],
    });
    expect((await post("/v1/track", { userId: "u" })).status).toBe(422);
  });

  it("is to be sent again when one of its users' objects fails, and is then applied once", async () => {
    const [ann, ben] = [someone(), someone()];
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const PROFILES = namespaceOf(env.PROFILES, (id) => ({
      ingest: (user: string, lines: string) =>
        user === ben ? Promise.reject(new Error("secret details")) : env.PROFILES.get(id).ingest(user, lines),
    }));
    const body = { batch: [track(ann, "m1"), track(ben, "m2"), track("", "m3")] };
    const send = (to: typeof env) => app.fetch(request("POST", "/v1/batch", { key: WRITE, body }), to);
    const first = await send({ ...env, PROFILES });
    expect(first.status).toBe(503);
    expect(first.headers.get("Retry-After")).toBe("1");
    expect(await first.json()).toMatchObject({
      type: "/problems/unavailable",
      receipts: [{ status: "applied" }, { status: "retry" }, { status: "rejected" }],
    });
    const second = await send(env);
    expect([second.status, statuses(await second.json())]).toEqual([
      200,
      ["duplicate", "applied", "rejected"],
    ]);
    expect([await countOf(ann), await countOf(ben)]).toEqual([1, 1]);
    expect(JSON.stringify(logged.mock.calls)).not.toContain("secret details");
  });

  it.each([
    ["too-busy", 429, "1"],
    ["overloaded", 503, "5"],
    ["state-newer", 503, "1"],
    ["storage-full", 507, null],
  ])("is answered to for %s as clients understand it", async (code, status, retryAfter) => {
    const [ann, ben] = [someone(), someone()];
    const busy = faking({
      ingest: async (user, events) => {
        const retry = { status: "retry", code, detail: "x" } as const;
        return receiving((id) => (user === ben ? { id, ...retry } : { id, status: "applied" }))(user, events);
      },
    });
    const body = { batch: [track(ann, "m1"), track(ben, "m2")] };
    const response = await app.fetch(request("POST", "/v1/batch", { key: WRITE, body }), busy.env);
    expect([response.status, response.headers.get("Retry-After")]).toEqual([status, retryAfter]);
    expect(statuses(await response.json())).toEqual(["applied", "retry"]);
  });

  it("is taken for done when the rest is late or may not be processed", async () => {
    const odd = faking({
      ingest: receiving((id) =>
        id === "late"
          ? { id, status: "late", code: "past-retention", detail: "x" }
          : { id, status: "suppressed", code: "erased", detail: "x" },
      ),
    });
    const body = { batch: [track(someone(), "late"), track(someone(), "gone")] };
    const response = await app.fetch(request("POST", "/v1/batch", { key: WRITE, body }), odd.env);
    expect([response.status, statuses(await response.json())]).toEqual([200, ["late", "suppressed"]]);
  });

  it("is bounded in its users: each is a call to another object", async () => {
    const items = Array.from({ length: 501 }, (_, i) => track(`many-${i}`, "m"));
    const response = await batch(items);
    expect([response.status, (await response.json<Answer>()).type]).toEqual([
      413,
      "/problems/too-many-users",
    ]);
  });
});

describe("an anonymous profile", () => {
  it.each([
    ["identify", (user: string, device: string) => ({ userId: user, anonymousId: device })],
    ["alias", (user: string, device: string) => ({ userId: user, previousId: device })],
  ])("is joined to the user's by %s", async (type, said) => {
    const [user, device] = [someone(), someone()];
    const view = { ...track("", "m1"), userId: null, anonymousId: device };
    const response = await batch([view, { type, messageId: "m2", ...said(user, device) }]);
    expect(await response.json()).toMatchObject({
      success: true,
      receipts: [{ status: "applied" }, { status: "applied", merged: `anonymous:${device}` }],
    });
    await vi.waitFor(async () => expect(await countOf(user)).toBe(2), { timeout: 5000 });
    expect((await batch([{ ...view, messageId: "m3" }])).status).toBe(200);
    expect(await countOf(user)).toBe(3);
  });
});

describe("a call that failed", () => {
  it("is decided anew in a replay, with the clock of its first sending", async () => {
    const user = someone();
    const wrong = Date.now() - 10 * 365 * 86_400_000;
    const late = faking({
      ingest: receiving((id) => ({ id, status: "late", code: "past-retention", detail: "x" })),
    });
    const body = {
      sentAt: new Date(wrong).toISOString(),
      context: { traits: { plan: "pro" } },
      batch: [track(user, "m1", { timestamp: new Date(wrong - 60_000).toISOString() })],
    };
    await app.fetch(request("POST", "/v1/batch", { key: WRITE, body }), late.env);
    await app.fetch(
      request("POST", "/v1/page", { key: WRITE, body: { userId: user, messageId: "m2", name: "Home" } }),
      late.env,
    );
    const { data } = await (await call("GET", `/v1/failures?user=${user}`)).json<{
      data: { id: string; source: object }[];
    }>();
    expect(data.map(({ source }) => source)).toContainEqual({
      route: "POST /v1/batch",
      key: "write",
      format: "segment",
    });
    const replayed = await call("POST", "/v1/failures/replay", {
      body: { ids: data.map(({ id }) => id) },
    });
    expect(statuses(await replayed.json())).toEqual(["applied", "applied"]);
    const listed = await (await call("GET", `${profilePath(user)}/events`)).json<{
      data: { event: string; timestamp: string }[];
    }>();
    expect(listed.data.map(({ event }) => event).sort()).toEqual(["Page Viewed", "Product Viewed"]);
    const viewed = listed.data.find(({ event }) => event === "Product Viewed");
    expect(Math.abs(Date.now() - 60_000 - Date.parse(viewed?.timestamp ?? ""))).toBeLessThan(10_000);
    expect((await profileOf(user)).traits.plan?.value).toBe("pro");
  });
});

describe("the settings of the browser client", () => {
  const settings = (key: string) => call("GET", `/v1/projects/${key}/settings`, { key: null });

  it("send it here", async () => {
    const response = await settings(WRITE);
    expect(await response.json()).toMatchObject({
      integrations: { "Segment.io": { apiKey: WRITE, apiHost: "limn.test/v1", protocol: "https" } },
    });
  });

  it("are of a known write key: a secret one may not stand in a page", async () => {
    expect((await settings("wrong")).status).toBe(401);
    expect((await settings(SECRET)).status).toBe(403);
  });
});

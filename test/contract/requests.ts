import { gzipSync } from "node:zlib";
import { BODY_BYTES } from "../../src/events/limits.ts";

/** A request of a route; the secret key opens it unless told otherwise. */
export interface Sent {
  /** The values of the path's parameters. */
  path?: Record<string, string>;
  query?: string;
  /** Of a kind, or none. */
  key?: "secret" | "write" | "none" | "bound";
  headers?: Record<string, string>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  body?: unknown;
  /** Asks first, and then again with the ETag of the answer. */
  again?: true;
  upgrade?: true;
}

export type Exchange = [route: string, status: number, sent: Sent];

/** In all that is sent, so that it can be looked for where it must not be. */
export const CANARY = "canary-6f1d";

const ann = `${CANARY}-ann`;
const bob = `${CANARY}-bob`;
const device = `anonymous:${CANARY}-device`;
const long = `${CANARY}-long`;

export const view = (id: string, members: object = {}) => ({
  id: `${CANARY}-${id}`,
  userId: ann,
  event: "Product Viewed",
  timestamp: "2026-11-01T10:00:00Z",
  properties: { product_id: `${CANARY}-p`, category: "Shoes", brand: "Juno", price: 79.9 },
  ...members,
});

const anonymous = { userId: null, anonymousId: `${CANARY}-device` };

/** What there is before the first exchange: bodies of POST /v1/events. */
export const BEFORE: object[][] = [
  [
    view("1", { traits: { email: `${CANARY}@example.com`, plan: "gold" } }),
    view("2", { event: "Order Completed", properties: { value: 20, currency: "EUR" } }),
    view("3", { timestamp: "2026-11-02T10:00:00.5+01:00" }),
    view("taken-back"),
    view("1", { userId: bob }),
    view("of-device", anonymous),
    view("rejected", { timestamp: "yesterday" }),
  ],
  // More than is kept: the beginning is forgotten.
  ...[0, 1, 2].map((part) =>
    Array.from({ length: 600 }, (_, i) =>
      view(`${part}-${i}`, { userId: long, timestamp: Date.UTC(2026, 0, 1) + (part * 600 + i) * 60_000 }),
    ),
  ),
];
export const RETENTION_EVENTS = "300";

const space = { space: "any", collection: "users", profile: `user_id:${ann}` };
const SPACE = "GET /v1/spaces/:space/collections/:collection/profiles/:profile";
const candidates = [
  { id: "p-7", properties: { category: "Shoes", price: 79.9 } },
  { id: "p-9", properties: { category: "Books", price: 12 } },
];

const call = (type: string, members: object = {}) => ({
  type,
  messageId: `${CANARY}-${type}`,
  userId: ann,
  sentAt: "2026-11-04T10:00:00Z",
  originalTimestamp: "2026-11-04T09:59:59.123Z",
  context: { library: { name: "analytics-node" }, traits: { city: `${CANARY}-city` } },
  ...members,
});

/** By the route that takes it; a batch has them all. */
const CALLS: Record<string, object> = {
  identify: call("identify", { traits: { email: `${CANARY}@example.com` } }),
  track: call("track", { event: "Product Viewed", properties: { price: 7, category: "Shoes" } }),
  page: call("page", { name: "Home", category: "Docs", properties: { url: `https://${CANARY}.test/` } }),
  screen: call("screen", { name: "Home" }),
  group: call("group", { groupId: `${CANARY}-group`, traits: { plan: "gold" } }),
  alias: call("alias", { previousId: `${CANARY}-before` }),
};

/** What Segment's clients send, to the long name of each route and the short one. */
const SEGMENT = Object.fromEntries(
  [
    ...Object.entries(CALLS),
    ["batch", { batch: Object.values(CALLS), sentAt: "2026-11-04T10:00:00Z" }],
  ].flatMap(([name, body]) => {
    const sent: Sent[] = [
      { key: "write", body },
      { headers: { "Content-Type": "text/plain" }, body: JSON.stringify(body) },
    ];
    return [
      [`POST /v1/${name}`, sent],
      [`POST /v1/${String(name).charAt(0)}`, sent],
    ];
  }),
);

/** Of each route, requests that are answered with 200. */
export const GOOD: Record<string, Sent[]> = {
  "POST /v1/events": [
    { key: "write", body: view("4") },
    { body: [view("4"), view("5", { id: null, messageId: `${CANARY}-5`, traits: { plan: "silver" } })] },
    { headers: { "Content-Type": "text/plain" }, body: JSON.stringify(view("4")) },
    { headers: { "Content-Type": "application/x-ndjson" }, body: `${JSON.stringify(view("6"))}\n` },
    {
      headers: { "Content-Type": "application/cloudevents+json" },
      body: JSON.stringify({
        specversion: "1.0",
        id: `${CANARY}-7`,
        source: "/shop",
        type: "Cart Viewed",
        subject: ann,
        time: "2026-11-03T10:00:00Z",
        data: { price: 3 },
      }),
    },
  ],
  ...SEGMENT,
  "GET /v1/projects/:writeKey/settings": [{ key: "write", path: { writeKey: CANARY } }],
  "GET /v1/profiles/:id": [
    { path: { id: ann } },
    { path: { id: ann }, query: "fields=id,scores,interests&at=2026-11-20T10:00:00Z" },
    { path: { id: ann }, query: "at=1793613600000" },
  ],
  "GET /v1/profiles/:id/live": [
    { path: { id: ann }, headers: { Accept: "text/event-stream" } },
    { path: { id: ann }, query: "fields=id,events&since=0", headers: { Accept: "text/event-stream" } },
  ],
  "GET /v1/profiles/:id/events": [
    { path: { id: ann } },
    { path: { id: ann }, query: "limit=1&event=Product%20Viewed&from=2026-01-01T00:00:00Z&to=1793613600000" },
  ],
  "DELETE /v1/profiles/:id/events/:eventId": [{ path: { id: ann, eventId: `${CANARY}-taken-back` } }],
  "POST /v1/profiles/:id/rank": [
    { path: { id: ann }, body: { candidates, explain: true, limit: 1 } },
    { path: { id: ann }, body: { candidates, explore: "thompson", seed: 7 } },
  ],
  "POST /v1/profiles/:id/preview": [
    { path: { id: ann }, body: { events: [view("what-if")], at: "2026-11-20T10:00:00Z" } },
    { path: { id: ann }, body: {} },
  ],
  "POST /v1/profiles/:id/merge": [
    { path: { id: ann }, body: { from: device } },
    { path: { id: ann }, body: { from: device } },
    { path: { id: ann }, body: { from: ann } },
  ],
  [`${SPACE}/traits`]: [
    { path: space },
    { path: space, query: "verbose=true&include=plan,email&limit=1" },
    { path: space, query: "class=computed_trait" },
  ],
  [`${SPACE}/external_ids`]: [{ path: space }, { path: space, query: "include=anonymous_id&verbose=true" }],
  [`${SPACE}/events`]: [
    { path: space },
    { path: space, query: "include=Product%20Viewed&exclude=Other&start=2026-01-01&sort=asc&limit=1" },
  ],
  [`${SPACE}/metadata`]: [{ path: space }],
  [`${SPACE}/links`]: [{ path: space }],
  // After what is read of them together.
  "POST /v1/profiles/:id/unmerge": [{ path: { id: device } }],
  "GET /v1/stats": [{}],
  "GET /v1/failures": [{}, { query: `status=rejected&limit=1&user=${ann}&code=time-invalid&from=0` }],
  "POST /v1/failures/replay": [
    { body: { filter: { user: ann, from: 0 }, limit: 10 } },
    { body: { ids: ["0-1", "1-1", "2-1", "3-1"] } },
  ],
  "DELETE /v1/failures": [{ query: `user=${ann}` }, {}],
  "POST /v1/keys/revoke": [{ body: { key: "limn_wk_abcdefghijkl" } }],
  "GET /v1/keys/revoked": [{}],
  "GET /healthz": [{ key: "none" }],
  "GET /problems/:code": [
    { key: "none", path: { code: "internal" } },
    { key: "none", path: { code: "rate-limited" } },
  ],
  "GET /openapi.json": [{ key: "none" }],
  "GET /docs": [{ key: "none" }],
  "GET /docs/:file": [{ key: "none", path: { file: "initializer.js" } }],
};

const nobody = { id: "null" };
const accounts = { ...space, collection: "accounts" };

/** Requests that are answered with something else that only this route has, or has for a reason of its own. */
const OTHERS: Exchange[] = [
  ["POST /v1/events", 207, { body: [view("8"), view("9", { userId: 7 })] }],
  [
    "POST /v1/events",
    207,
    { body: [view("8", { properties: {} }), view("10", { timestamp: "2099-01-01T00:00:00Z" })] },
  ],
  ["POST /v1/events", 400, { body: 7 }],
  ["POST /v1/events", 422, { body: [] }],
  ["POST /v1/batch", 422, { body: { batch: [] } }],
  ["POST /v1/b", 422, { body: { batch: [] } }],
  ["GET /v1/projects/:writeKey/settings", 401, { key: "none", path: { writeKey: CANARY } }],
  ["GET /v1/profiles/:id", 304, { path: { id: bob }, again: true }],
  ["GET /v1/profiles/:id", 404, { path: { id: `${CANARY}-nobody` } }],
  ["GET /v1/profiles/:id", 410, { path: { id: long }, query: "at=2026-01-01T00:10:00Z" }],
  ["GET /v1/profiles/:id/live", 101, { path: { id: ann }, upgrade: true }],
  [
    "GET /v1/profiles/:id/live",
    403,
    { path: { id: ann }, upgrade: true, headers: { Origin: "https://evil.test" } },
  ],
  ["GET /v1/profiles/:id/live", 404, { path: nobody, headers: { Accept: "text/event-stream" } }],
  ["GET /v1/profiles/:id/live", 426, { path: { id: ann } }],
  ["GET /v1/profiles/:id/events", 404, { path: nobody }],
  ["DELETE /v1/profiles/:id/events/:eventId", 404, { path: { id: ann, eventId: `${CANARY}-no-event` } }],
  ["POST /v1/profiles/:id/rank", 404, { path: nobody, body: { candidates } }],
  ["POST /v1/profiles/:id/rank", 422, { path: { id: ann }, body: { candidates, model: "none" } }],
  ["POST /v1/profiles/:id/preview", 404, { path: nobody, body: {} }],
  ["POST /v1/profiles/:id/preview", 422, { path: { id: ann }, body: { definition: { name: CANARY } } }],
  ["POST /v1/profiles/:id/merge", 404, { path: nobody, body: { from: device } }],
  ["POST /v1/profiles/:id/merge", 409, { path: { id: bob }, body: { from: device } }],
  ["POST /v1/profiles/:id/unmerge", 404, { path: nobody }],
  ["POST /v1/profiles/:id/unmerge", 409, { path: { id: bob } }],
  [`${SPACE}/traits`, 404, { path: accounts }],
  [`${SPACE}/external_ids`, 404, { path: { ...space, profile: `email:${CANARY}@example.com` } }],
  [`${SPACE}/events`, 404, { path: { ...space, profile: `user_id:${CANARY}-nobody` } }],
  [`${SPACE}/metadata`, 404, { path: accounts }],
  [`${SPACE}/links`, 404, { path: accounts }],
  ["POST /v1/keys/revoke", 422, { body: { key: CANARY } }],
  ["GET /problems/:code", 404, { path: { code: CANARY } }],
  ["GET /openapi.json", 304, { again: true }],
  ["GET /docs", 304, { again: true }],
  ["GET /docs/:file", 304, { path: { file: "swagger-ui.css" }, again: true }],
  ["GET /docs/:file", 404, { path: { file: "other.js" } }],
];

/** All exchanges, in their order: what is good, what is wrong with nearly any request, and the others. */
export function exchanges(routes: readonly string[]): Exchange[] {
  const good = Object.entries(GOOD).flatMap(([route, all]) =>
    all.map((sent): Exchange => [route, 200, sent]),
  );
  // What is merged must be so when another merge is tried.
  const at = good.findIndex(([route]) => route.endsWith("/unmerge"));
  const wrong = routes.flatMap((route) => spoil(route, GOOD[route]?.[0] ?? {}));
  return [...good.slice(0, at), ...wrong, ...OTHERS, ...good.slice(at)];
}

/*
 * Compressed, so that it is all sent before it is refused: of one that says itself that it is too large nothing is read,
 * and then it is a matter of time whether a client sees the answer or a connection that was closed.
 */
const TOO_LARGE = new Blob([gzipSync(`"${CANARY}${"x".repeat(BODY_BYTES)}"`)]);
const GZIP = { "Content-Encoding": "gzip", "Content-Type": "application/json" };

function spoil(route: string, sent: Sent): Exchange[] {
  const isOpen = sent.key === "none";
  const readsBody = sent.body !== undefined;
  const is = (when: boolean, ...all: Exchange[]) => (when ? all : []);
  return [
    ...is(
      !isOpen,
      [route, 401, { ...sent, key: "none" }],
      [route, 401, { ...sent, headers: { ...sent.headers, Authorization: `Bearer ${CANARY}` } }],
      [route, 401, { ...sent, headers: { ...sent.headers, Authorization: `Bearer ${CANARY}.b.c` } }],
    ),
    // What a write key opens, one that is bound to an origin does not.
    ...is(!isOpen, [route, 403, { ...sent, key: sent.key === "write" ? "bound" : "write" }]),
    ...is(
      readsBody,
      [route, 400, { ...sent, body: `{"${CANARY}"` }],
      [route, 413, { ...sent, headers: GZIP, body: TOO_LARGE }],
      [route, 415, { ...sent, headers: { "Content-Type": `text/${CANARY}` }, body: "a,b" }],
      [route, 415, { ...sent, headers: { "Content-Encoding": CANARY, "Content-Type": "application/json" } }],
    ),
    ...is(readsBody && route !== "POST /v1/events" && !/^POST .v1.b(atch)?$/.test(route), [
      route,
      422,
      { ...sent, body: { [CANARY]: CANARY } },
    ]),
    ...is(QUERIES.test(route), [route, 422, { ...sent, query: `${CANARY}=1` }]),
  ];
}

/** The routes that read a query. */
const QUERIES = /^GET \/v1\/profiles|^GET \/v1\/spaces|\/v1\/failures$/;

/** What is sent, by the Authorization header of each kind of key. */
export function prepare(
  route: string,
  sent: Sent,
  base: string,
  authorization: Record<Exclude<Sent["key"], "none" | undefined>, string>,
) {
  const { path = {}, query, key = "secret", body: given } = sent;
  const [method = "", template = ""] = route.split(" ");
  const place = template.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const url = new URL(place + (query === undefined ? "" : `?${query}`), base);
  const isRaw = given === undefined || typeof given === "string" || given instanceof Blob;
  const body = isRaw ? given : JSON.stringify(given);
  const headers = new Headers({
    ...(key === "none" ? {} : { Authorization: authorization[key] }),
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    ...sent.headers,
  });
  return { url, method, headers, body };
}

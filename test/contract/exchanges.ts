import { gzipSync } from "node:zlib";
import { BODY_BYTES } from "../../src/events/limits.ts";
import { CANARY, type Exchange, GOOD, OTHERS, type Sent } from "./requests.ts";

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

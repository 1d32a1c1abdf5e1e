import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { pathOf, query, ROUTES } from "./addresses.ts";
import { seldom } from "./json.ts";
import { bodyOf } from "./request-bodies.ts";

/** A request as it goes over the wire. */
export interface Sent {
  method: string;
  path: string;
  headers: [string, string][];
  body: string | Uint8Array | undefined;
  /** How many bytes more than there are Content-Length announces; fewer when negative. */
  lie?: number;
}

/** What the edge under test knows. */
export interface Credentials {
  secret: string;
  write: string;
  /** A key that may be revoked. */
  spare: string;
  /** User tokens, good ones and others. */
  tokens: string[];
}

/** What any header may hold: Latin-1 without controls is all that HTTP lets through. */
const latin1 = fc.string({
  unit: fc
    .oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0xa0, max: 0xff }))
    .map((c) => String.fromCharCode(c)),
  maxLength: 60,
});
const others: Record<string, fc.Arbitrary<string>> = {
  "content-type": fc.oneof(
    latin1,
    fc.constantFrom("", "application/json;charset=utf-16", "multipart/form-data", ";", "text/plain"),
  ),
  "content-encoding": fc.oneof(latin1, fc.constantFrom("gzip", "br", "identity", "GZIP, gzip", "")),
  "last-event-id": fc.oneof(latin1, fc.constantFrom("1", "-1", "999999999999999", "1e5")),
  "if-none-match": fc.oneof(
    latin1,
    fc.constantFrom("*", '"1"', 'W/"1"', '"', '"999999999999999"', '"1","2"'),
  ),
  accept: fc.oneof(latin1, fc.constantFrom("text/event-stream", "*/*", "application/xml")),
  origin: fc.oneof(latin1, fc.constantFrom("null", "https://evil.example", "://", "http://[::1", "file://")),
  "x-request-id": fc.oneof(latin1, fc.constantFrom("good-1", "x".repeat(64), "x".repeat(65), "<script>")),
  "x-forwarded-for": latin1,
  expect: fc.constantFrom("100-continue"),
  range: fc.constantFrom("bytes=0-1", "bytes=-1"),
  cookie: latin1,
};

/** Routes with more to get wrong than others. */
const WEIGHTS: Record<string, number> = { "POST /v1/events": 6, "POST /v1/profiles/:id/preview": 4 };

const UPGRADE: [string, string][] = [
  ["connection", "Upgrade"],
  ["upgrade", "websocket"],
  ["sec-websocket-version", "13"],
  ["sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="],
];

const SSE: [string, string][] = [["accept", "text/event-stream"]];

/** Requests to every route of the access table, most of them nearly right, and some to none. */
export function requests({ secret, write, spare, tokens }: Credentials): fc.Arbitrary<Sent> {
  const authorization = fc.oneof(
    { weight: 20, arbitrary: fc.constant(`Bearer ${secret}`) },
    { weight: 2, arbitrary: fc.constantFrom(...tokens).map((token) => `Bearer ${token}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(`Bearer ${write}`, `Basic ${btoa(`${secret}:`)}`, `Bearer ${secret}x`, ""),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "Bearer",
        "Basic !!!",
        "Basic Og==",
        "Bearer a.b.c",
        `Bearer ${"x.".repeat(3000)}`,
      ),
    },
    { weight: 1, arbitrary: latin1 },
  );
  const route = fc.oneof(
    ...ROUTES.map((name) => ({
      weight: WEIGHTS[name] ?? 1,
      arbitrary: fc.constant(name),
    })),
  );
  return route.chain((name) => {
    const [method = "GET"] = name.split(" ");
    return fc
      .record({
        method: seldom(
          fc.constant(method),
          fc.constantFrom("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST", "PURGE"),
          20,
        ),
        path: seldom(
          pathOf(name),
          fc.constantFrom("/", "//", "/v1", "/v1/events/", "/V1/events", "/%2e%2e/v1/events", "/v1//events"),
          30,
        ),
        query,
        authorization,
        headers: fc
          .array(fc.constantFrom(...Object.keys(others)), { maxLength: 2 })
          .chain((names) =>
            fc.tuple(
              ...[...new Set(names)].map((one) =>
                (others[one] ?? latin1).map((value): [string, string] => [one, value]),
              ),
            ),
          ),
        body: fc.option(bodyOf(name, spare), { freq: method === "GET" ? 1 : 20 }),
        way: fc.nat(39),
      })
      .map(({ method, path, query, authorization, headers, body, way }) => {
        const sent = new Map<string, string>(body?.headers ?? []);
        for (const [header, value] of [["authorization", authorization], ...headers] as const)
          sent.set(header, value);
        const isLive = path.endsWith("/live") && way % 2 === 0;
        if (isLive) for (const [header, value] of way % 4 === 0 ? UPGRADE : SSE) sent.set(header, value);
        const hasBody = body !== null && !["GET", "HEAD"].includes(method);
        const zipped = hasBody && way < 4;
        if (zipped) sent.set("content-encoding", "gzip");
        const bytes = zipped ? gzipSync(body.text).subarray(0, way === 0 ? -9 : undefined) : body?.text;
        const lie = way === 20 ? -3 : way === 21 ? 1000 : way === 22 ? 3_000_000 : 0;
        return {
          method,
          path: encodePath(path + query),
          headers: [...sent].map(([header, value]): [string, string] => [header, value.trim()]),
          body: hasBody ? bytes : undefined,
          ...(hasBody && lie !== 0 ? { lie } : {}),
        };
      });
  });
}

/** What is not ASCII the runtime refuses itself, before there is a request to answer; all else goes as it is. */
function encodePath(path: string): string {
  return path.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character.toWellFormed()));
}

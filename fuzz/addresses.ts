import { Buffer } from "node:buffer";
import fc from "fast-check";
import { CALLS } from "../src/events/segment-call.ts";
import { ids, users } from "./bodies.ts";
import { seldom } from "./json.ts";

/** Those that take a call of Segment's clients, or a batch of them. */
export const SEGMENT_ROUTES = [...CALLS, "batch"].flatMap((name) => [
  `POST /v1/${name}`,
  `POST /v1/${name.charAt(0)}`,
]);

/** Every route of the access table, which only the runtime can load: a test there sees that none is missing. */
export const ROUTES = [
  "GET /healthz",
  "GET /problems/:code",
  "GET /openapi.json",
  "GET /docs",
  "GET /docs/:file",
  "POST /v1/events",
  ...SEGMENT_ROUTES,
  "GET /v1/projects/:writeKey/settings",
  "GET /v1/profiles/:id",
  "GET /v1/profiles/:id/live",
  "GET /v1/profiles/:id/events",
  "DELETE /v1/profiles/:id/events/:eventId",
  "POST /v1/profiles/:id/rank",
  "POST /v1/profiles/:id/preview",
  "POST /v1/profiles/:id/merge",
  "POST /v1/profiles/:id/unmerge",
  ...["traits", "external_ids", "events", "metadata", "links"].map(
    (part) => `GET /v1/spaces/:space/collections/:collection/profiles/:profile/${part}`,
  ),
  "GET /v1/failures",
  "DELETE /v1/failures",
  "POST /v1/failures/replay",
  "GET /v1/stats",
  "GET /v1/keys/revoked",
  "POST /v1/keys/revoke",
];

const quoted = (text: string) => JSON.stringify(text);

/** What a path may hold, encoded or not as clients do it. */
const segment = seldom(
  users.filter((user) => user.isWellFormed() && user !== "").map(encodeURIComponent),
  fc.constantFrom(
    ...["%", "%FF", "%00", "%2e%2e", "..", ".", "%C0%80", "%ED%A0%80", "a/b", "", "null", "%2F", ";a=b"],
    ...[
      "anonymous:ann",
      "anonymous%3A",
      "x".repeat(257),
      "x".repeat(7_000),
      "%F0%9F%99%82",
      "\u00e9",
      "__proto__",
    ],
  ),
);
const profileSegment = seldom(
  fc.tuple(fc.constantFrom("user_id:", "anonymous_id:", "user_id%3A"), segment).map((both) => both.join("")),
  segment,
);

export function pathOf(route: string): fc.Arbitrary<string> {
  const parts = (route.split(" ")[1] ?? "").split("/").map((part): fc.Arbitrary<string> => {
    switch (part) {
      case ":id":
        return segment;
      case ":profile":
        return profileSegment;
      case ":collection":
        return seldom(fc.constant("users"), segment);
      case ":eventId":
        return seldom(ids.filter((id) => id.isWellFormed()).map(encodeURIComponent), segment);
      default:
        return part.startsWith(":") ? segment : fc.constant(part);
    }
  });
  return fc.tuple(...parts).map((all) => all.join("/"));
}

export const cursor = fc
  .constantFrom(
    ...[
      '[1,"x"]',
      '[9007199254740991,"x"]',
      '[-9007199254740991,""]',
      '[1,"\\ud800"]',
      "[1,2]",
      '[1e400,""]',
      "{",
    ],
    ...["[9007199254740991,0,0,0]", "[0,0,0,0]", "[1]", quoted("x".repeat(1000))],
  )
  .map((json) => Buffer.from(json).toString("base64url"));
const queryValue = fc.oneof(
  fc.constantFrom(
    "10",
    "1",
    "0",
    "-1",
    "201",
    "999999999",
    "1e3",
    "true",
    "asc",
    "",
    "null",
    "%",
    "%FF",
    "%00",
  ),
  fc.constantFrom(
    "2026-11-25T10:00:00Z",
    "2026-11-25",
    "999999999999999",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00Z",
  ),
  fc.constantFrom(
    "events,traits",
    "interests",
    "__proto__",
    "rejected",
    "computed_trait",
    "Product%20Viewed",
    "price",
  ),
  cursor,
  fc
    .string({ unit: "binary", maxLength: 10 })
    .filter((text) => text.isWellFormed())
    .map(encodeURIComponent),
);
const queryName = fc.constantFrom(
  ...[
    "limit",
    "cursor",
    "fields",
    "at",
    "event",
    "from",
    "to",
    "since",
    "token",
    "next",
    "include",
    "exclude",
  ],
  ...["sort", "class", "verbose", "start", "end", "user", "status", "code", "x", "__proto__"],
);
export const query = seldom(
  fc
    .array(fc.tuple(queryName, queryValue), { maxLength: 2 })
    .map((pairs) => (pairs.length === 0 ? "" : `?${pairs.map((pair) => pair.join("=")).join("&")}`)),
  fc.constantFrom("?", "?&&=", "?a", `?include=${"a,".repeat(200)}`, "#x", "?fields=%ff"),
);

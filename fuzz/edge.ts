import { readFileSync } from "node:fs";
import type { Edge } from "../serve/edge.ts";
import { Random } from "../src/cli/random.ts";
import { BODIES } from "./bodies.ts";
import { below, hostileText, valuePiece } from "./hostile.ts";

/** No answer may take longer, ms. */
const LONGEST_MS = 1_000;
/** Codes of 503 and 507 that an edge which is well may answer with. */
const ALLOWED = ["unavailable", "overloaded", "too-busy"];

export interface EdgeRun {
  requests: number;
  /** How often each status was answered. */
  statuses: Map<number, number>;
  slowestMs: number;
  /** Memory of the edge's process after the first tenth of the requests, and at the end, MiB. */
  before: number;
  after: number;
  findings: string[];
}

interface Keys {
  WRITE_KEY: string;
  SECRET_KEY: string;
}

/** Sends hostile requests to all routes of a served edge, some at once. */
export async function fuzzEdge(edge: Edge, keys: Keys, requests: number, seed: number): Promise<EdgeRun> {
  const random = new Random(seed);
  const run: EdgeRun = { requests, statuses: new Map(), slowestMs: 0, before: 0, after: 0, findings: [] };
  let left = requests;
  const warm = requests - Math.floor(requests / 10);
  const client = async () => {
    while (left-- > 0) {
      if (left === warm) run.before = residentMiB(edge);
      await ask(edge, run, requestOf(random, keys), requests - left);
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  run.after = residentMiB(edge);
  return run;
}

interface HostileRequest {
  path: string;
  init: RequestInit & { headers: Record<string, string> };
}

async function ask(edge: Edge, run: EdgeRun, { path, init }: HostileRequest, number: number): Promise<void> {
  const find = (what: string) =>
    run.findings.push(`request ${number}, ${init.method} ${path.slice(0, 200)}: ${what}`);
  const began = performance.now();
  // Server-sent events would never end.
  const signal = AbortSignal.timeout(10 * LONGEST_MS);
  try {
    const response = await fetch(edge.url + path, { ...init, signal, redirect: "manual" });
    const took = performance.now() - began;
    const isStream = response.headers.get("Content-Type") === "text/event-stream";
    const text = isStream ? "" : await response.text();
    if (isStream) await response.body?.cancel();
    const { status, headers } = response;
    run.slowestMs = Math.max(run.slowestMs, took);
    run.statuses.set(status, (run.statuses.get(status) ?? 0) + 1);
    if (took > LONGEST_MS) find(`it took ${Math.round(took)} ms`);
    if (!headers.has("X-Request-Id") && text !== "") find(`${status} without a request id`);
    if (status < 400 || init.method === "HEAD") return;
    const type = headers.get("Content-Type");
    if (type !== "application/problem+json") {
      find(`${status} is ${type}: ${text.slice(0, 100)}`);
      return;
    }
    const { type: code }: { type: string } = JSON.parse(text);
    if (status >= 500 && !ALLOWED.includes(code.replace("/problems/", "")))
      find(`${status} ${text.slice(0, 200)}`);
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    find(String(cause));
  }
}

function requestOf(random: Random, keys: Keys): HostileRequest {
  const [method, template] = random.pick(ROUTES);
  const path = template.replaceAll(/:\w+/g, () => segmentOf(random)) + queryOf(random);
  const headers: Record<string, string> = { ...authorizationOf(random, keys) };
  for (const [name, values] of HEADERS) {
    if (random.chance(0.06)) headers[name] = random.pick(values);
  }
  const isRead = method === "GET" || method === "HEAD";
  const body = isRead ? undefined : bodyOf(random, template, headers);
  return { path, init: { method, headers, ...(body === undefined ? {} : { body }) } };
}

const SPACE = "/v1/spaces/:s/collections/users/profiles/:p";
const ROUTES: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ...([
    ["POST", "/v1/events"],
    ["POST", "/v1/events"],
    ["POST", "/v1/events"],
  ] as const),
  ...["batch", "track", "identify", "page", "group", "alias", "t"].map(
    (name) => ["POST", `/v1/${name}`] as const,
  ),
  ...["", "/live", "/events"].map((end) => ["GET", `/v1/profiles/:id${end}`] as const),
  ...["rank", "preview", "merge", "unmerge"].map((end) => ["POST", `/v1/profiles/:id/${end}`] as const),
  ["DELETE", "/v1/profiles/:id/events/:e"],
  ...["traits", "external_ids", "events", "metadata", "links"].map(
    (end) => ["GET", `${SPACE}/${end}`] as const,
  ),
  ["GET", "/v1/failures"],
  ["DELETE", "/v1/failures"],
  ["POST", "/v1/failures/replay"],
  ["GET", "/v1/stats"],
  ["POST", "/v1/keys/revoke"],
  ["GET", "/v1/keys/revoked"],
  ["GET", "/v1/projects/:k/settings"],
  ...["/openapi.json", "/docs", "/docs/:f", "/problems/:c", "/healthz", "/:a/:b", "/"].map(
    (path) => ["GET", path] as const,
  ),
  ...["HEAD", "PUT", "PATCH", "OPTIONS", "DELETE"].map((method) => [method, "/v1/profiles/:id"] as const),
];

const HEADERS: readonly [name: string, values: readonly [string, ...string[]]][] = [
  ["Content-Encoding", ["gzip", "br", "identity", "gzip, gzip", "x"]],
  [
    "Content-Type",
    [
      "application/json",
      "text/plain; charset=utf-16",
      "application/x-ndjson",
      "a/b",
      ";;",
      "application/cloudevents+json",
    ],
  ],
  ["ce-id", ["1", "%ff", '"a"', "%00"]],
  ["ce-specversion", ["1.0", "9"]],
  ["ce-source", ["/s", "%F0%9F%98%80"]],
  ["ce-type", ["t", "%C0%80"]],
  ["If-None-Match", ['"1"', "W/", "*", '"99999999999999999999"']],
  ["Last-Event-ID", ["1", "-1", "1e9", "x"]],
  ["Accept", ["text/event-stream", "*/*", "a"]],
  ["Origin", ["https://evil.test", "null", "::"]],
  ["X-Request-Id", ["abc", "x".repeat(5_000), "a b", "<script>"]],
  ["Sec-GPC", ["1"]],
];

function authorizationOf(random: Random, { WRITE_KEY, SECRET_KEY }: Keys): { Authorization?: string } {
  const token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.";
  switch (below(random, 14)) {
    case 0:
      return {};
    case 1:
      return { Authorization: `Bearer ${token}` };
    case 2:
      return {
        Authorization: random.pick([
          "Bearer",
          "Basic !!!",
          "Basic",
          "Digest x",
          `Bearer ${"k".repeat(7_000)}`,
          `${SECRET_KEY}`,
        ]),
      };
    case 3:
      return { Authorization: `Bearer ${SECRET_KEY.slice(0, -1)}` };
    case 4:
      return { Authorization: `Basic ${btoa(`${WRITE_KEY}:`)}` };
    case 5:
      return { Authorization: `Bearer ${WRITE_KEY}` };
    default:
      return { Authorization: `Bearer ${SECRET_KEY}` };
  }
}

/** A part of a path: mostly that of a profile that there is. */
function segmentOf(random: Random): string {
  switch (below(random, 6)) {
    case 0:
    case 1:
    case 2:
      return random.pick(["ann", "bob", "anonymous:device-1", "user_id:ann", "e-1"]);
    case 3:
      return random.pick(["%", "%ff", "%2e%2e", "%00", "a%2fb", "x".repeat(3_000), "%E2%80%AE", "*"]);
    default:
      return encodeURIComponent(hostileText(random).toWellFormed()) || "x";
  }
}

const QUERY = [
  "at",
  "fields",
  "since",
  "token",
  "limit",
  "cursor",
  "event",
  "from",
  "to",
  "class",
  "include",
  "exclude",
  "verbose",
  "sort",
  "next",
  "start",
  "end",
  "user",
  "status",
  "code",
] as const;

function queryOf(random: Random): string {
  if (random.chance(0.5)) return "";
  const one = () => {
    const value = random.pick([
      "1",
      "200",
      "-1",
      "1e9",
      "2026-11-25T10:00:00Z",
      "0",
      "true",
      "asc",
      "id,events",
      "WzEsImEiXQ",
      "",
    ]);
    return `${random.pick(QUERY)}=${encodeURIComponent(random.chance(0.7) ? value : hostileText(random).toWellFormed())}`;
  };
  return `?${Array.from({ length: 1 + below(random, 3) }, one).join("&")}${random.chance(0.1) ? "&%" : ""}`;
}

function bodyOf(
  random: Random,
  template: string,
  headers: Record<string, string>,
): string | Uint8Array<ArrayBuffer> {
  if (random.chance(0.02)) return new Uint8Array(Array.from({ length: 64 }, () => below(random, 256)));
  const form = random.pick(Object.keys(BODIES) as [keyof typeof BODIES]);
  const own = template === "/v1/events" ? form : template === "/v1/batch" ? "segmentBatch" : "segmentCall";
  headers["Content-Type"] ??=
    own === "ndjson"
      ? "application/x-ndjson"
      : own === "cloudEventBatch"
        ? "application/cloudevents-batch+json"
        : own === "cloudEvent"
          ? "application/cloudevents+json"
          : "application/json";
  switch (template.slice(template.lastIndexOf("/") + 1)) {
    case "rank":
      return `{"candidates":[{"id":"p-1","properties":${valuePiece(random)}},${valuePiece(random)}],"explain":${valuePiece(random)}}`;
    case "preview":
      return `{"events":[${BODIES.native(random)}],"at":${valuePiece(random)},"definition":${valuePiece(random)}}`;
    case "merge":
      return `{"from":${random.chance(0.5) ? '"anonymous:device-1"' : valuePiece(random)}}`;
    case "replay":
      return `{"filter":${valuePiece(random)},"limit":${valuePiece(random)}}`;
    case "revoke":
      return `{"key":${valuePiece(random)}}`;
    default:
      return BODIES[own](random);
  }
}

/** What a process holds in memory (proc(5): VmRSS). */
function residentMiB({ process: { pid } }: Edge): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(found?.[1]) / 1024);
}

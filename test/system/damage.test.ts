import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Edge, startEdge } from "../../serve/edge.ts";
import { PROBLEMS, type ProblemCode } from "../../src/http/problems.ts";
import { Contract } from "../contract/document.ts";
import { CANARY, GOOD, type Sent, view } from "../contract/requests.ts";
import { KEYS, serve } from "./edge.ts";

/*
 * An edge whose storage is damaged on disk: what it answers is as documented, and what is printed, the errors that no
 * code of ours catches among it, tells nothing of a user. `verbose` has workerd print what Cloudflare would log.
 */
const contract = new Contract();

/** What is done to a user's database, and what questions about the profile then end with. */
const DAMAGES = [
  [
    "unreadable",
    "ALTER TABLE head RENAME TO gone; CREATE TABLE head (rowid INTEGER PRIMARY KEY)",
    "unavailable",
  ],
  ["corrupt", "UPDATE head SET tail = substr(tail, 1, length(tail) - 1)", "state-corrupt"],
  ["newer", "UPDATE head SET tail = CAST(x'c8' || substr(tail, 2) AS BLOB)", "state-newer"],
] as const;

const FULL = `CREATE TRIGGER full BEFORE INSERT ON appended BEGIN
  SELECT RAISE(FAIL, 'database or disk is full: SQLITE_FULL'); END`;

const userOf = (damage: string) => `${CANARY}-${damage}`;

let edge: Edge;
let directory: string;
let printed = "";

beforeAll(async () => {
  const whole = await serve();
  directory = whole.directory;
  edge = whole;
  const statements = new Map<string, string>([
    ...DAMAGES.map(([name, sql]) => [name, sql] as const),
    ["full", FULL],
  ]);
  const files = new Map<string, string>();
  for (const name of statements.keys()) {
    const before = new Set(databases("limn-profile"));
    const body = view("1", { userId: userOf(name), traits: { email: `${CANARY}@example.com` } });
    await send("POST /v1/events", { body });
    for (const file of databases("limn-profile")) if (!before.has(file)) files.set(name, file);
  }
  await send("POST /v1/events", { body: [view("rejected", { timestamp: "yesterday" })] });
  await edge.stop();

  for (const [name, file] of files) damage(file, statements.get(name) ?? "");
  for (const file of databases("limn-failures"))
    damage(file, "ALTER TABLE failures RENAME TO gone; CREATE TABLE failures (seq INTEGER PRIMARY KEY)");
  edge = await startEdge({ port: 0, directory, env: KEYS, quiet: true, verbose: true });
  for (const stream of [edge.process.stdout, edge.process.stderr]) {
    stream?.on("data", (piece: Buffer) => {
      printed += piece;
    });
  }
});
afterAll(async () => {
  await edge.stop();
  rmSync(directory, { recursive: true });
});

function databases(namespace: string): string[] {
  const folder = join(directory, namespace);
  return readdirSync(folder)
    .filter((file) => /^[0-9a-f]+\.sqlite$/.test(file))
    .map((file) => join(folder, file));
}

function damage(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

async function send(route: string, sent: Sent): Promise<{ response: Response; text: string }> {
  const { path = {}, query = "", headers = {}, body } = sent;
  const [method = "", template = ""] = route.split(" ");
  const place = template.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const response = await fetch(`${edge.url}${place}?${query}`, {
    method,
    headers: {
      Authorization: `Bearer ${KEYS.SECRET_KEY}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { response, text: await response.text() };
}

/** A good request of each route that is about a user, about this one. */
function about(user: string): [route: string, sent: Sent][] {
  return Object.entries(GOOD).flatMap(([route, [sent = {}]]): [string, Sent][] => {
    const { path = {} } = sent;
    if (route === "POST /v1/events") return [[route, { body: view("2", { userId: user }) }]];
    if ("profile" in path) return [[route, { ...sent, path: { ...path, profile: `user_id:${user}` } }]];
    if (!("id" in path)) return [];
    const body = { preview: {}, merge: { from: `anonymous:${user}` } }[route.split("/").at(-1) ?? ""];
    return [[route, { ...sent, path: { ...path, id: user }, ...(body === undefined ? {} : { body }) }]];
  });
}

async function expectProblem(route: string, sent: Sent, code: ProblemCode): Promise<void> {
  const { response, text } = await send(route, sent);
  const { status } = PROBLEMS[code];
  expect(JSON.parse(text)).toMatchObject({ type: `/problems/${code}`, status });
  expect(contract.faultsOfResponse(route, response.status, response.headers, text)).toEqual([]);
  expect(response.status).toBe(status);
}

/** Where what cannot be taken in now is to be sent again, whatever the reason. */
const SENT_AGAIN: Record<string, ProblemCode> = {
  "POST /v1/profiles/:id/merge": "merging",
};

const damaged = DAMAGES.flatMap(([name, , code]) =>
  about(userOf(name)).map(([route, sent]) => ({ name, route, sent, code: SENT_AGAIN[route] ?? code })),
);

describe("a profile whose storage is damaged", () => {
  it.each(damaged)("($name) is $code to $route", ({ route, sent, code }) => expectProblem(route, sent, code));

  it("or full takes no event, and can be read", async () => {
    const user = userOf("full");
    await expectProblem("POST /v1/events", { body: view("2", { userId: user }) }, "storage-full");
    expect((await send("GET /v1/profiles/:id", { path: { id: user } })).response.status).toBe(200);
  });
});

describe("a store of failures that is damaged", () => {
  it.each(["GET /v1/failures", "DELETE /v1/failures", "POST /v1/failures/replay"])(
    "is unavailable to %s",
    (route) => expectProblem(route, GOOD[route]?.[0] ?? {}, "unavailable"),
  );
});

describe("what is printed meanwhile", () => {
  it("has the errors that nobody caught", () => {
    expect(printed).toContain("uncaught exception");
  });

  it("has the request's id in each line of ours", () => {
    const ours = printed.split("\n").filter((line) => line.startsWith("{"));
    expect(ours.length).toBeGreaterThan(20);
    for (const line of ours) {
      expect(JSON.parse(line)).toEqual({
        requestId: expect.stringMatching(/^[\w-]+$/),
        code: expect.any(String),
      });
    }
  });

  it("names no user, key or property", () => {
    for (const word of [CANARY, "Product", "Shoes", "Juno", "example.com"])
      expect(printed).not.toContain(word);
    for (const key of Object.values(KEYS)) expect(printed).not.toContain(key.slice(8, 40));
  });
});

import { env } from "cloudflare:workers";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { app } from "../../src/http/app.ts";
import { PROBLEMS, type ProblemCode } from "../../src/http/problems.ts";
import { OPERATIONS, problemsOf } from "../../src/openapi/document.ts";
import { Problem } from "../../src/openapi/values.ts";
import { CANARY, exchanges, GOOD, prepare } from "../contract/requests.ts";
import { NOT_OVER_HTTP } from "../contract/statuses.ts";
import { call, SECRET, WRITE } from "./client.ts";
import { FAULTS, SECRET_MESSAGE } from "./faults.ts";
import { tokenOf } from "./tokens.ts";

/*
 * The other half of `test/system/contract.test.ts`: the responses that take a fault in what is around the Worker. Each
 * operation ends with each of its codes; and whatever fails, the log has ids of requests and codes, and no more.
 */
const AUTHORIZATION = { secret: `Bearer ${SECRET}`, write: `Bearer ${WRITE}`, bound: "Bearer none" };

const LEVELS = ["debug", "error", "info", "log", "trace", "warn"] as const;
const lines: string[] = [];
beforeAll(() => {
  for (const level of LEVELS) {
    vi.spyOn(console, level).mockImplementation((...values) => {
      lines.push(values.map(String).join(" "));
    });
  }
});
afterAll(() => {
  vi.restoreAllMocks();
});

const requestOf = (route: string, sent = GOOD[route]?.[0] ?? {}) => {
  const { url, ...init } = prepare(route, sent, "https://limn.test", AUTHORIZATION);
  return new Request(url, { ...init, ...(init.body === undefined ? { body: null } : { body: init.body }) });
};

const documented = Object.entries(OPERATIONS).flatMap(([route, operation]) =>
  problemsOf(route, operation)
    .filter((code) => NOT_OVER_HTTP[PROBLEMS[code].status] !== undefined)
    .map((code) => ({ route, code, schema: operation.problem ?? Problem })),
);

describe("the document", () => {
  it.each(documented)("describes $code of $route", async ({ route, code, schema }) => {
    const make = FAULTS[code];
    if (make === undefined) throw new Error(`there is no fault that ends with ${code} in faults.ts`);
    const { bindings, before = 0, release } = make();
    const hanging = Array.from({ length: before }, () => app.fetch(requestOf(route), bindings));
    // Those before must have reached what they hang on.
    if (before > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const response = await app.fetch(requestOf(route), bindings);
    release?.();
    await Promise.all(hanging);

    const { status, retryAfter }: { status: number; retryAfter?: number } = PROBLEMS[code];
    const problem = await response.json<object>();
    expect(problem).toMatchObject({ type: `/problems/${code}`, status });
    expect(response.status).toBe(status);
    expect(v.safeParse(schema, problem).issues).toBeUndefined();
    expect(Object.keys(schema.entries)).toEqual(expect.arrayContaining(Object.keys(problem)));
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(response.headers.get("X-Request-Id")).toMatch(/^[\w-]{1,64}$/);
    expect(response.headers.get("Retry-After")).toBe(retryAfter === undefined ? null : String(retryAfter));
    expect(JSON.stringify(problem)).not.toContain("jane");
  });
});

describe("a request's id", () => {
  const id = "trace-7";
  const headers = { "X-Request-Id": id };

  it.each([
    ["GET", "/nothing"],
    ["OPTIONS", "/v1/events"],
    ["DELETE", "/v1/events"],
    ["HEAD", "/healthz"],
    ["HEAD", "/v1/stats"],
    ["PATCH", "/v1/stats"],
    ["GET", "/problems/internal"],
    ["GET", "/problems/other"],
  ])("is in the answer to %s %s", async (method, path) => {
    const response = await call(method, path, { headers });
    expect(response.headers.get("X-Request-Id")).toBe(id);
    await response.body?.cancel();
  });

  it("is in the answer to each exchange of the contract", async () => {
    for (const [route, , sent] of exchanges(Object.keys(OPERATIONS))) {
      if (sent.upgrade) continue;
      const response = await app.fetch(
        requestOf(route, { ...sent, headers: { ...sent.headers, ...headers } }),
        env,
      );
      expect(response.headers.get("X-Request-Id"), route).toBe(id);
      await response.body?.cancel();
    }
  });

  it("is in each line of the log, with a code and nothing else", () => {
    expect(lines.length).toBeGreaterThan(100);
    for (const line of lines) {
      const { requestId, code, ...others }: Record<string, unknown> = JSON.parse(line);
      expect([typeof requestId, typeof code, others]).toEqual(["string", "string", {}]);
    }
  });
});

describe("the log", () => {
  it("has no id, key, token, property or message of an error", async () => {
    const token = await tokenOf(`${CANARY}-ann`);
    const codes: ProblemCode[] = ["unavailable", "storage-full", "state-corrupt", "internal"];
    for (const code of codes) {
      const request = requestOf("GET /v1/profiles/:id", {
        path: { id: `${CANARY}-ann` },
        query: `fields=${CANARY}`,
        headers: { Authorization: `Bearer ${token}` },
      });
      await (await app.fetch(request, FAULTS[code]?.().bindings)).text();
    }
    const log = lines.join("\n");
    for (const word of [CANARY, SECRET_MESSAGE, "jane", "limn_", token.slice(-20), "Shoes"]) {
      expect(log).not.toContain(word);
    }
  });
});

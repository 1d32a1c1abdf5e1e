import { beforeEach, describe, expect, it } from "vitest";
import { Client } from "../../src/cli/client.ts";
import { replay, succeeded } from "../../src/cli/replay.ts";
import { drawSummary, summaryJson } from "../../src/cli/summary.ts";
import { parseMapping } from "../../src/data/mapping.ts";
import { FakeEdge } from "./fake-edge.ts";
import { write } from "./files.ts";

const mapping = parseMapping(
  {
    name: "visits",
    user: "user",
    time: { column: "time", format: "epoch-s" },
    event: "Visited",
    properties: { page: { column: "page" } },
    skip: [{ when: { column: "page", is: "missing" }, reason: "no page" }],
  },
  "visits.json",
);

const USERS = 20;
const ROWS = 500;
const lines = Array.from({ length: ROWS }, (_, i) => `u${i % USERS},${1_500_000_000 + i},p${i}`);
const file = write("visits.csv.gz", ["user,time,page", ...lines, "u1,1500000000,"].join("\n"));

let edge: FakeEdge;
let client: Client;

beforeEach(async () => {
  edge = new FakeEdge();
  client = new Client({ url: await edge.start(), writeKey: "wk", attempts: 4, backoffMs: 1 });
});

describe("replay", () => {
  it("sends every row once, grouped by user", async () => {
    const result = await replay({ file, mapping, client, batch: 50 });
    expect(result).toMatchObject({
      rows: ROWS + 1,
      events: ROWS,
      skipped: { "no page": 1 },
      outcomes: { applied: ROWS },
      retried: 0,
      complete: true,
    });
    expect(succeeded(result)).toBe(true);
    expect(edge.kept.size).toBe(ROWS);
    expect(edge.batches.map((batch) => new Set(batch.map(({ userId }) => userId)).size)).toEqual(
      new Array(10).fill(2),
    );
    expect(result.users.get("u3")).toEqual({ events: ROWS / USERS, first: 1_500_000_003_000 });
    expect(edge.authorization).toBe("Bearer wk");
  });

  it.each([503, 429, 502, "drop"] as const)("sends what met %s again, with the same ids", async (mishap) => {
    edge.mishap = (request) => (request % 2 === 1 ? mishap : undefined);
    const result = await replay({ file, mapping, client, batch: 100, concurrency: 1 });
    expect(result).toMatchObject({ outcomes: { applied: ROWS }, retried: ROWS });
    expect(edge.kept.size).toBe(ROWS);
  });

  it("sends only the undecided events of a batch again", async () => {
    edge.receipt = ({ userId }, time) => (userId === "u7" && time < 3 ? { status: "retry" } : undefined);
    const result = await replay({ file, mapping, client, batch: 100 });
    expect(result).toMatchObject({ outcomes: { applied: ROWS }, retried: ROWS / USERS });
    const again = [...edge.sent].filter(([, times]) => times > 1).map(([id]) => edge.kept.get(id)?.userId);
    expect(new Set(again)).toEqual(new Set(["u7"]));
  });

  it("goes on when one user's profile cannot answer", async () => {
    edge.receipt = ({ userId }) => (userId === "u7" ? { status: "retry", code: "unavailable" } : undefined);
    const result = await replay({ file, mapping, client, batch: 100 });
    expect(result).toMatchObject({ outcomes: { applied: ROWS - 25, unconfirmed: 25 }, complete: true });
    expect(result.codes).toMatchObject([{ status: "unconfirmed", code: "unavailable", count: 25 }]);
    expect(succeeded(result)).toBe(false);
  });

  it("stops when the edge is gone, and finishes when it is run again", async () => {
    edge.mishap = (request) => (request > 3 ? "drop" : undefined);
    const first = await replay({ file, mapping, client, batch: 50, concurrency: 1 });
    expect(first).toMatchObject({ outcomes: { applied: 150, unconfirmed: 50 }, complete: false });
    expect(succeeded(first)).toBe(false);
    expect(drawSummary(first)).toContain("Run the same command again");

    edge.mishap = () => undefined;
    const second = await replay({ file, mapping, client, batch: 50, concurrency: 1 });
    expect(second).toMatchObject({ outcomes: { applied: ROWS - 150, duplicate: 150 }, complete: true });
    expect(succeeded(second)).toBe(true);
    expect(edge.kept.size).toBe(ROWS);
  });

  it("counts what the edge refuses by its code, with an example", async () => {
    edge.receipt = ({ userId }) => {
      if (userId === "u1") return { status: "rejected", code: "time-in-future", detail: "Too early." };
      return userId === "u2" ? { status: "late", code: "past-retention", detail: "Too old." } : undefined;
    };
    const result = await replay({ file, mapping, client });
    expect(result.outcomes).toEqual({ applied: ROWS - 50, rejected: 25, late: 25 });
    const summary = drawSummary(result);
    expect(summary).toContain("rejected time-in-future (25): Too early.");
    expect(summary).toContain("late past-retention (25): Too old.");
    expect(JSON.parse(summaryJson(result))).toMatchObject({
      ok: false,
      users: USERS,
      skipped: { "no page": 1 },
    });
  });

  it("reads no more rows than the limit", async () => {
    expect(await replay({ file, mapping, client, limit: 30 })).toMatchObject({ rows: 30, events: 30 });
  });

  it("ends at once when the key is refused, and says which one is needed", async () => {
    edge.mishap = () => 401;
    await expect(replay({ file, mapping, client })).rejects.toMatchObject({
      remedy: expect.stringContaining("LIMN_WRITE_KEY"),
    });
  });

  it("says so when there is no edge", async () => {
    const nowhere = new Client({ url: "http://127.0.0.1:9", writeKey: "wk" });
    await expect(replay({ file, mapping, client: nowhere })).rejects.toThrow(
      "no edge answers at http://127.0.0.1:9",
    );
  });
});

import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { EVENT_BYTES } from "../../src/events/limits.ts";
import { Allowance } from "../../src/failures/allowance.ts";
import { keptText, TRUNCATED_BYTES, userOf } from "../../src/failures/entry.ts";
import { summarize } from "../../src/failures/summary.ts";
import { Tally } from "../../src/failures/tally.ts";

describe("an allowance", () => {
  it("grants a burst, then so many a second", () => {
    const allowance = new Allowance(100, 10);
    const start = 1_800_000_000_000;
    expect(allowance.take(70, start)).toBe(70);
    expect(allowance.take(70, start)).toBe(30);
    expect(allowance.take(1, start + 50)).toBe(0);
    expect(allowance.take(5, start + 100)).toBe(1);
    expect(allowance.take(5, start + 1100)).toBe(5);
    expect(allowance.take(500, start + 3_600_000)).toBe(100);
  });

  it("goes on from a clock that was set back", () => {
    const allowance = new Allowance(10, 10);
    expect(allowance.take(10, 500_000)).toBe(10);
    expect(allowance.take(1, 1000)).toBe(0);
    expect(allowance.take(9, 1500)).toBe(5);
  });
});

describe("a tally", () => {
  it("gives its counts away once, and takes them back", () => {
    const tally = new Tally();
    for (const name of ["applied", "late/old", "applied"]) tally.add(name);
    const counts = tally.take();
    expect(counts).toEqual([
      ["applied", 2],
      ["late/old", 1],
    ]);
    expect(tally.take()).toEqual([]);
    tally.add("applied");
    tally.putBack(counts);
    expect(new Map(tally.take())).toEqual(
      new Map([
        ["applied", 3],
        ["late/old", 1],
      ]),
    );
  });
});

describe("a summary", () => {
  it("adds the shards up", () => {
    const summary = summarize([
      {
        since: 2000,
        kept: 1,
        bytes: 10,
        counts: [
          ["applied", 5],
          ["duplicate", 1],
          ["rejected/id-missing", 2],
        ],
      },
      { kept: 0, bytes: 0, counts: [] },
      {
        since: 1000,
        kept: 1,
        bytes: 5,
        counts: [
          ["applied", 1],
          ["duplicate/conflict", 3],
          ["rejected/poison", 1],
          ["failures/evicted", 1],
          ["failuresNotKept", 4],
          ["replayed/applied", 9],
          ["refused/no-events", 1],
        ],
      },
    ]);
    expect(summary).toMatchObject({
      since: "1970-01-01T00:00:01.000Z",
      received: 13,
      applied: 6,
      duplicate: 4,
      late: 0,
      rejected: 3,
      suppressed: 0,
      retry: 0,
      codes: { duplicate: { conflict: 3 }, rejected: { "id-missing": 2, poison: 1 } },
      failuresNotKept: 4,
      failures: { kept: 2, bytes: 15, evicted: 1, deleted: 0, expired: 0, settled: 0 },
      replayed: { applied: 9 },
      refused: { "no-events": 1 },
    });
    expect(summarize([])).toMatchObject({ since: null, received: 0 });
  });
});

describe("the text that is kept", () => {
  it("is whole up to the size of an event, of which it is the bytes that count", () => {
    const largest = "ü".repeat(EVENT_BYTES / 2);
    expect(keptText(largest)).toEqual({ text: largest, truncated: false });
    expect(keptText(`${largest}x`)).toMatchObject({ truncated: true });
  });

  it("is cut between characters", () => {
    const { text } = keptText(`x${"🙂".repeat(EVENT_BYTES)}`);
    expect(text).toBe(`x${"🙂".repeat((TRUNCATED_BYTES - 4) / 4)}`);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TRUNCATED_BYTES);
  });
});

describe("the user of a text", () => {
  it.each([
    ['{"userId":"anna","anonymousId":"x"}', "anna"],
    ['{"userId":7}', "7"],
    ['{"userId":null,"anonymousId":"x"}', "anonymous:x"],
    ['{"userId":{},"anonymousId":"x"}', "anonymous:x"],
    ['{"userId":""}', undefined],
    ['{"userId":"\\ud800"}', undefined],
    ['{"userId":"anna"', undefined],
    ['[{"userId":"anna"}]', undefined],
    ["null", undefined],
  ])("of %s is %s", (text, user) => {
    expect(userOf(text)).toBe(user);
  });
});

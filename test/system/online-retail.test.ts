import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ReplayResult, replay } from "../../src/cli/replay.ts";
import { loadMapping } from "../../src/data/mapping.ts";
import type { View } from "../../src/kernel/view.ts";
import { dataFile, missing } from "../real-data.ts";
import { readCsv } from "./csv.ts";
import { forEach, KEYS, readFields, serve, type TestEdge } from "./edge.ts";

const NAME = "online_retail.csv.gz";
const mapping = loadMapping("mappings/online_retail.json");
const why = missing(NAME);

/** A year of a real shop: 541,909 rows, with cancellations, negative quantities and rows of nobody. */
describe.skipIf(why !== "")(`online_retail, replayed over HTTP${why}`, () => {
  let edge: TestEdge;
  let first: ReplayResult;
  const expected = new Map<string, { count: number; sum: number }>();
  const digests = new Map<string, string>();

  beforeAll(async () => {
    for (const row of readCsv(dataFile(NAME))) {
      const { CustomerID: user = "", Quantity, UnitPrice } = row;
      if (user === "" || user === "NA") continue;
      const one = expected.get(user) ?? { count: 0, sum: 0 };
      expected.set(user, { count: one.count + 1, sum: one.sum + Number(Quantity) * Number(UnitPrice) });
    }
    edge = await serve();
    first = await replay({ file: dataFile(NAME), mapping, client: edge.client });
  }, 600_000);

  afterAll(() => edge?.remove());

  it("applies every row that has a customer, once", () => {
    const rows = [...expected.values()].reduce((sum, { count }) => sum + count, 0);
    expect(first.rows).toBe(541_909);
    expect(first.outcomes).toEqual({ applied: rows });
    expect(first.complete).toBe(true);
  });

  it("holds for every customer the count and the sum of value that the file has", async () => {
    await forEach(expected, async ([user, { count, sum }]) => {
      const { events, numbers, digest } = await readFields<View & { digest: string }>(
        edge,
        user,
        "fields=events,numbers,digest",
      );
      expect(events).toBe(count);
      expect(numbers.value?.count).toBe(count);
      // The order of equal times differs, and so may the last bits of the sum.
      expect(Math.abs((numbers.value?.sum ?? Number.NaN) - sum)).toBeLessThan(
        1e-9 * Math.max(1e3, Math.abs(sum)),
      );
      digests.set(user, digest);
    });
    expect(digests.size).toBe(4372);
  });

  it("reports only duplicates the second time", async () => {
    const second = await replay({ file: dataFile(NAME), mapping, client: edge.client });
    expect(second.outcomes).toEqual({ duplicate: first.outcomes.applied });
  });

  it("folds to bit-identical states when the rows are shuffled", async () => {
    const folder = mkdtempSync(join(tmpdir(), "limn-shuffled-"));
    const file = join(folder, "online_retail.csv");
    const [header = "", ...lines] = gunzipSync(readFileSync(dataFile(NAME)))
      .toString("utf8")
      .trimEnd()
      .split("\n");
    shuffle(lines, 42);
    writeFileSync(file, [header, ...lines, ""].join("\n"));
    const other = await serve();
    try {
      const result = await replay({ file, mapping, client: other.client });
      expect(result.outcomes).toEqual(first.outcomes);
      await forEach(digests, async ([user, digest]) => {
        expect((await readFields<{ digest: string }>(other, user, "fields=digest")).digest).toBe(digest);
      });
    } finally {
      await other.remove();
      rmSync(folder, { recursive: true });
    }
  });

  it("shows another process an event as soon as it is acknowledged", async () => {
    const event = { id: "now", userId: "someone", event: "Product Viewed", properties: { price: 7 } };
    const response = await fetch(`${edge.url}/v1/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${KEYS.WRITE_KEY}`, "Content-Type": "application/json" },
      body: JSON.stringify(event),
    });
    expect(response.status).toBe(200);
    const script = `fetch("${edge.url}/v1/profiles/someone", {headers: {Authorization: "Bearer ${KEYS.SECRET_KEY}"}})
      .then((response) => response.json()).then((profile) => console.log(profile.numbers.price.last))`;
    expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })).toBe("7\n");
  });

  it("keeps everything over a restart", async () => {
    const [user = "", digest] = [...digests][0] ?? [];
    const { port } = new URL(edge.url);
    await edge.stop();
    const { startEdge } = await import("../../serve/edge.ts");
    const again = await startEdge({ port: Number(port), directory: edge.directory, env: KEYS, quiet: true });
    try {
      expect((await readFields<{ digest: string }>(edge, user, "fields=digest")).digest).toBe(digest);
    } finally {
      await again.stop();
    }
  });
});

/** Fisher-Yates with a linear congruential generator: the same seed gives the same order. */
function shuffle(list: string[], seed: number): void {
  let state = seed;
  for (let i = list.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    const held = list[i] ?? "";
    list[i] = list[j] ?? "";
    list[j] = held;
  }
}

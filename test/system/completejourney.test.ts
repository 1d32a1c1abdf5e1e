import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completejourney } from "../../definitions/completejourney.ts";
import { type ReplayResult, replay } from "../../src/cli/replay.ts";
import { loadMapping } from "../../src/data/mapping.ts";
import { durationMs } from "../../src/definition/schema.ts";
import type { View } from "../../src/kernel/view.ts";
import { dataFile, missing } from "../real-data.ts";
import { readCsv } from "./csv.ts";
import { forEach, KEYS, readFields, serve, type TestEdge } from "./edge.ts";

const NAME = "completejourney/transactions_sample.csv.gz";
const why = missing(NAME);
const AT = Date.UTC(2018, 0, 2);

type Row = Record<string, string>;

/** A year of groceries: 75,000 purchases of 2,377 households, joined with products and demographics. */
/** Half of the last digit that a profile tells of weights. */
const DIGITS = 5.01e-7;

describe.skipIf(why !== "")(`completejourney, replayed over HTTP${why}`, () => {
  let edge: TestEdge;
  let result: ReplayResult;
  const households = new Map<string, Row[]>();
  const products = new Map<string, Row>();
  const demographics = new Map<string, Row>();

  beforeAll(async () => {
    for (const row of readCsv(dataFile(NAME))) {
      const household = row.household_id ?? "";
      households.set(household, [...(households.get(household) ?? []), row]);
    }
    for (const row of readCsv(dataFile("completejourney/products.csv.gz")))
      products.set(row.product_id ?? "", row);
    for (const row of readCsv(dataFile("completejourney/demographics.csv.gz"))) {
      demographics.set(row.household_id ?? "", row);
    }
    edge = await serve("completejourney");
    result = await replay({
      file: dataFile(NAME),
      mapping: loadMapping("mappings/completejourney.json"),
      client: edge.client,
    });
  }, 600_000);

  afterAll(() => edge?.remove());

  it("applies every purchase and every household's demographics once", () => {
    const known = [...demographics.keys()].filter((household) => households.has(household)).length;
    expect(result.outcomes).toEqual({ applied: 75_000 + known });
  });

  it("holds for every household the count and the sum of value that the file has", async () => {
    await forEach(households, async ([household, rows]) => {
      const { numbers } = await readFields<View>(edge, household, "fields=numbers");
      const sum = rows.reduce((total, row) => total + Number(row.sales_value), 0);
      expect(numbers.value?.count).toBe(rows.length);
      expect(numbers.value?.sum).toBeCloseTo(sum, 6);
    });
  });

  it("keeps interests whose decayed weights are those of the formula, within the error that it states", async () => {
    const columns = { category: "product_category", department: "department", brand: "brand" } as const;
    let exact = 0;
    let bounded = 0;
    await forEach(households, async ([household, rows]) => {
      const { interests } = await readFields<View>(edge, household, `fields=interests&at=${AT}`);
      for (const dimension of ["category", "department", "brand", "product_id"] as const) {
        const truth = new Map<string, number>();
        for (const row of rows) {
          const product = row.product_id ?? "";
          const key = dimension === "product_id" ? product : products.get(product)?.[columns[dimension]];
          if (key === undefined || key === "" || key === "NA") continue;
          const age = AT - Date.parse(row.transaction_timestamp ?? "");
          const weight = 2 ** (-age / durationMs(completejourney.interests[dimension].halfLife));
          truth.set(key, (truth.get(key) ?? 0) + weight);
        }
        const top = interests[dimension]?.top ?? [];
        const evicted = truth.size > top.length;
        for (const { key, weight, error } of top) {
          const direct = truth.get(key) ?? 0;
          if (!evicted) {
            expect(Math.abs(weight - direct)).toBeLessThan(1e-5 * direct + DIGITS);
            exact++;
          } else {
            expect(weight).toBeGreaterThan(direct * (1 - 1e-9) - DIGITS);
            expect(weight).toBeLessThan((direct + error) * (1 + 1e-9) + 2 * DIGITS);
            bounded++;
          }
        }
      }
    });
    // Both kinds are met many times.
    expect(exact).toBeGreaterThan(10_000);
    expect(bounded).toBeGreaterThan(10_000);
  });

  it("scores over the prior that limn train wrote, when the edge is told to", async () => {
    const primed = await serve("completejourney", { PRIOR: "completejourney" });
    try {
      const health: { prior: string } = await (await fetch(`${primed.url}/healthz`)).json();
      expect(health.prior).toBe("completejourney");
      await replay({
        file: dataFile(NAME),
        mapping: loadMapping("mappings/completejourney.json"),
        client: primed.client,
        limit: 2000,
      });
      let judged = 0;
      await forEach([...households.keys()].slice(0, 50), async (household) => {
        const response = await fetch(`${primed.url}/v1/profiles/${household}?fields=quality`, {
          headers: { Authorization: `Bearer ${KEYS.SECRET_KEY}` },
        });
        if (response.status === 404) return;
        const { quality }: Pick<View, "quality"> = await response.json();
        if ((quality.discount?.examples ?? 0) === 0) return;
        expect(quality.discount?.priorLogLoss).toBeGreaterThan(0);
        judged++;
      });
      expect(judged).toBeGreaterThan(10);
    } finally {
      await primed.remove();
    }
  });

  it("declares the demographics as traits", async () => {
    const [household = "", row] = [...demographics].find(([id]) => households.has(id)) ?? [];
    const { traits } = await readFields<{ traits: Record<string, { value: string }> }>(
      edge,
      household,
      "fields=traits",
    );
    expect(traits.age?.value).toBe(row?.age);
  });
});

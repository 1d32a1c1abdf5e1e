import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { addEvaluate } from "../../src/cli/evaluate.ts";
import { addTrain } from "../../src/cli/train.ts";

const folder = mkdtempSync(join(tmpdir(), "limn-learning-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs a command; gives what it printed for people or programs, and what it complained of. */
async function limn(...args: string[]): Promise<{ out: string; err: string }> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const write = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  const program = new Command("limn").exitOverride();
  addEvaluate(program);
  addTrain(program);
  await program.parseAsync(["node", "limn", ...args]);
  const result = { out: log.mock.calls.flat().join("\n"), err: write.mock.calls.flat().join("") };
  log.mockRestore();
  write.mockRestore();
  return result;
}

function writeFile(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Purchases whose discount depends on the category and on the household. */
function purchases(): string {
  const lines = ["household,at,category,discount"];
  for (let i = 0; i < 400; i++) {
    const [household, category] = [i % 8, (i * 7) % 3];
    const discount = (household + category) % 3 === 0 || i % 11 === 0 ? 1 : 0;
    lines.push(
      `${household},${new Date(1_700_000_000_000 + i * 7_200_000).toISOString()},c${category},${discount}`,
    );
  }
  return lines.join("\n");
}

const mapping = {
  name: "groceries",
  definition: "completejourney",
  user: "household",
  time: { column: "at" },
  event: [
    { when: { column: "discount", above: 0 }, name: "Discount Purchased" },
    { name: "Product Purchased" },
  ],
  properties: { category: { column: "category" } },
};

describe("limn evaluate", () => {
  it("measures every learner on a table", async () => {
    const table = writeFile(
      "t.csv",
      `x,y\n${Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 7 > 3 ? 1 : 0}`).join("\n")}\n`,
    );
    const { out } = await limn("evaluate", "--csv", table, "--label", "y", "--json");
    const { results, columns } = JSON.parse(out);
    expect(columns).toEqual(["x"]);
    expect(results.map(({ learner }: { learner: string }) => learner)).toEqual([
      "sgd",
      "adamw",
      "ftrl",
      "coin",
      "bayes",
      "mlp",
      "ensemble",
    ]);
    for (const result of results) expect(result).toMatchObject({ examples: 60, logLoss: expect.any(Number) });
    const drawn = await limn("evaluate", "--csv", table, "--label", "y", "--river", "--learner", "coin");
    expect(drawn.out).toContain("base rate");
    expect(drawn.out).toContain("sgd(rate=.005,biasRate=.01)");
  });

  it("says what is missing", async () => {
    expect((await limn("evaluate")).err).toContain("there is nothing to evaluate");
    expect((await limn("evaluate", "--csv", "t.csv")).err).toContain("--label");
    expect(process.exitCode).toBe(2);
  });
});

describe("limn train", () => {
  it("writes a prior that limn evaluate takes", async () => {
    const data = writeFile("purchases.csv", purchases());
    const map = writeFile("map.json", JSON.stringify(mapping));
    const out = join(folder, "prior.json");
    const trained = JSON.parse(
      (await limn("train", data, "--map", map, "--out", out, "--folds", "2", "--json")).out,
    );
    expect(trained).toMatchObject({ file: out, model: "discount", users: 8, examples: 400, folds: 2 });
    for (const choice of [trained.global, trained.user, trained.halfLives]) {
      expect(choice.filter(({ chosen }: { chosen: boolean }) => chosen)).toHaveLength(1);
    }
    const prior = JSON.parse(readFileSync(out, "utf8"));
    expect(prior.version).toBe(trained.version);
    const { weights, means, variances } = prior.models.discount;
    expect([means.length, variances.length]).toEqual([weights.length, weights.length]);
    // Trained again, it is the same to the byte.
    await limn("train", data, "--map", map, "--out", out, "--folds", "2");
    expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(prior);

    // Nothing to change in the definition, so the prior is for it as it is.
    expect(trained.interests).toBeUndefined();
    const { results } = JSON.parse(
      (await limn("evaluate", data, "--map", map, "--prior", out, "--json")).out,
    );
    expect(results.map(({ name }: { name: string }) => name)).toEqual([
      "base rate",
      "global only",
      "user only: bayes",
      "global + user: bayes",
    ]);
  });

  it("refuses what has one label only", async () => {
    const data = writeFile(
      "same.csv",
      "household,at,category,discount\n1,2026-01-01,c,1\n1,2026-01-02,c,1\n",
    );
    const map = writeFile("map.json", JSON.stringify(mapping));
    const { err } = await limn("train", data, "--map", map);
    expect(err).toContain("there is nothing to learn");
  });
});

import { describe, expect, it } from "vitest";
import { loadMapping } from "../../src/data/mapping.ts";
import { loadKernel } from "../../src/kernel/node.ts";
import { extractExamples } from "../../src/learning/examples.ts";
import { readHistory } from "../../src/learning/history.ts";
import { parseLearner } from "../../src/learning/learners.ts";
import { findSubject } from "../../src/learning/preconditions.ts";
import { evaluateHistory } from "../../src/learning/protocol.ts";
import { DEFAULT_GLOBAL } from "../../src/learning/tune.ts";
import { dataFile, missing } from "../real-data.ts";

const FILE = "completejourney/transactions_sample.csv.gz";
const why = missing(FILE);

describe.skipIf(why !== "")(`a year of groceries${why}`, () => {
  it("is predicted better with each household's own effect than without, and as well as by the reference", {
    timeout: 120_000,
  }, async () => {
    const mapping = loadMapping("mappings/completejourney.json");
    const subject = findSubject(loadKernel(), mapping.definition, "discount");
    const examples = extractExamples(subject, await readHistory(dataFile(FILE), mapping));
    expect(examples.count).toBe(75_000);
    const { rows, trained } = evaluateHistory(subject, examples, {
      global: parseLearner(DEFAULT_GLOBAL).learner,
    });
    expect(trained).toBeLessThanOrEqual(30_000);
    const [baseRate, global, user, both] = rows;
    if (!baseRate || !global || !user || !both) throw new Error("four rows are expected, there are fewer");
    expect(global.logLoss).toBeLessThan(baseRate.logLoss);
    expect(user.logLoss).toBeLessThan(baseRate.logLoss);
    expect(both.logLoss).toBeLessThan(global.logLoss - 0.005);
    expect(both.auc ?? 0).toBeGreaterThan((global.auc ?? 1) + 0.01);
    expect(both.logLoss).toBeLessThan(user.logLoss);
    // ../shared/reference/learning.md: .6430/.676, with a diagonal filter of τ² = .1 over other features.
    expect(both.logLoss).toBeLessThan(0.643);
    expect(both.auc ?? 0).toBeGreaterThan(0.676);
  });
});

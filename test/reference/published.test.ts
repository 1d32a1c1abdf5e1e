import { describe, expect, it } from "vitest";
import { type LearnerDefinition, parseDefinition } from "../../src/definition/schema.ts";
import { missing } from "../real-data.ts";
import { ReferenceFold } from "./fold.ts";
import { createLearner } from "./learners/create.ts";
import { logLoss } from "./loss.ts";
import { Scaler } from "./scaler.ts";
import { bananas, type LabelledSet, onlineShoppers, phishing } from "./sets.ts";

const why = ["phishing.csv.gz", "bananas.zip", "online_shoppers_intention.csv.gz"].map(missing).join("");
const EMPTY: LabelledSet = { columns: [], rows: [], labels: [] };
const SETS = {
  phishing: why === "" ? phishing() : EMPTY,
  bananas: why === "" ? bananas() : EMPTY,
  shoppers: why === "" ? onlineShoppers() : EMPTY,
};

/** The mean log loss of a learner that predicts each row before it learns it. */
function progressiveLoss({ rows, labels }: LabelledSet, learner: LearnerDefinition): number {
  const size = (rows[0]?.length ?? 0) + 1;
  const scaler = new Scaler(size);
  const learning = createLearner(learner, size);
  let loss = 0;
  rows.forEach((row, i) => {
    const x = [1, ...row];
    const y = labels[i] ?? NaN;
    loss += logLoss(learning.predict({ x, z: scaler.scale(x) }).probability, y);
    scaler.learn(x);
    learning.learn({ x, z: scaler.scale(x) }, y);
  });
  return loss / rows.length;
}

/** The same through the whole fold, with accuracy and F1. */
function fold({ columns, rows, labels }: LabelledSet, learner: unknown) {
  const target = { examples: ["row"], positive: { path: "label", equals: 1 } };
  const features = columns.map((path) => ({ kind: "number", path }));
  const reference = new ReferenceFold(
    parseDefinition({ name: "set", events: {}, models: { m: { target, features, learner } } }),
  );
  let truePositives = 0;
  let called = 0;
  rows.forEach((row, i) => {
    const label = labels[i] ?? NaN;
    const properties = { label, ...Object.fromEntries(columns.map((column, j) => [column, row[j] ?? null])) };
    reference.fold([{ id: String(i), time: 1_767_225_600_000 + i, name: "row", properties }]);
    if ((reference.progressive("m") ?? NaN) > 0.5) {
      called += 1;
      truePositives += label;
    }
  });
  const { accuracy, logLoss: loss } = reference.view(1_767_225_600_000 + rows.length).quality.m ?? {};
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return { accuracy, loss, f1: (2 * truePositives) / (called + positives) };
}

describe.skipIf(why !== "")(`published results are repeated${why}`, () => {
  // River's benchmark page, binary classification, StandardScaler | LogisticRegression(SGD(.005)).
  it.each([
    ["phishing", 0.8872, 0.871233],
    ["bananas", 0.543208, 0.197015],
  ] as const)("River's logistic regression on %s", (name, accuracy, f1) => {
    const found = fold(SETS[name], { kind: "sgd", rate: 0.005, biasRate: 0.01 });
    expect(found.accuracy).toBeCloseTo(accuracy, 6);
    expect(found.f1).toBeCloseTo(f1, 6);
  });

  // Vowpal Wabbit 9.11.2, progressive average loss, as measured for shared/reference/learning.md. It calls the
  // features raw; on shoppers the loss is .2999 with the numbers as they are, .2563 with ln(1 + x) of them.
  it.each([
    ["phishing", 0.3749],
    ["shoppers", 0.2563],
  ] as const)("Vowpal Wabbit's coin betting on %s", (name, loss) => {
    expect(progressiveLoss(SETS[name], { kind: "coin", alpha: 4 })).toBeCloseTo(loss, 4);
  });

  it("Vowpal Wabbit's coin betting on phishing, through the fold", () => {
    expect(fold(SETS.phishing, { kind: "coin" }).loss).toBeCloseTo(0.3749, 4);
  });
});

// shared/reference/learning.md, "Our own reference runs".
describe.skipIf(why !== "")(`earlier runs are repeated${why}`, () => {
  const ftrl = (alpha: number): LearnerDefinition => ({ kind: "ftrl", alpha, beta: 1, l1: 0, l2: 0 });
  const bayes: LearnerDefinition = { kind: "bayes", variance: 0.1, forget: 0 };
  const sgd: LearnerDefinition = { kind: "sgd", rate: 0.05, biasRate: 0.05, l1: 0, l2: 0 };

  // On shoppers sgd and ftrl .5 were .4747 and .3124 with log losses taken within 1e-15, not 1e-9.
  it.each([
    ["sgd", "phishing", sgd, 0.2651],
    ["ftrl .1", "phishing", ftrl(0.1), 0.2933],
    ["ftrl .5", "phishing", ftrl(0.5), 0.2572],
    ["bayes", "phishing", bayes, 0.2787],
    ["ftrl .1", "shoppers", ftrl(0.1), 0.2682],
    ["bayes", "shoppers", bayes, 0.2665],
  ] as const)("%s on %s", (_, set, learner, loss) => {
    expect(progressiveLoss(SETS[set], learner)).toBeCloseTo(loss, 4);
  });

  // Other seeds than those of the earlier run: over 30 seeds, the mean of five has a deviation of .004 (phishing)
  // and .008 (bananas). The bounds allow two of them; that of shoppers was set from these five seeds alone.
  it.each([
    ["phishing", 0.2711, 0.008],
    ["bananas", 0.541, 0.016],
    ["shoppers", 0.2936, 0.004],
  ] as const)("the network on %s, over five seeds", (set, loss, within) => {
    const options = {
      hidden: 10,
      rate: 0.01,
      decay: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      dropout: 0,
    };
    let sum = 0;
    for (let seed = 1; seed <= 5; seed++)
      sum += progressiveLoss(SETS[set], { kind: "mlp", ...options, seed });
    expect(Math.abs(sum / 5 - loss)).toBeLessThan(within);
  });
});

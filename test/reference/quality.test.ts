import { describe, expect, it } from "vitest";
import type { Prior } from "../../src/definition/prior.ts";
import { parseDefinition } from "../../src/definition/schema.ts";
import { Calibration } from "./calibration.ts";
import { PageHinkley } from "./drift.ts";
import { ReferenceFold } from "./fold.ts";
import { sigmoid } from "./learners/learner.ts";
import { logLoss } from "./loss.ts";
import { Quality } from "./quality.ts";
import { Mulberry32 } from "./random.ts";

const drift = { delta: 0.02, threshold: 10, minExamples: 30 };

describe("quality", () => {
  it("compares with the rate of positives so far and with the prior alone", () => {
    const quality = new Quality(drift, true);
    const outcomes = [
      { probability: 0.8, priorProbability: 0.6, y: 1 },
      { probability: 0.3, priorProbability: 0.6, y: 1 },
      { probability: 0.5, priorProbability: 0.4, y: 0 },
    ];
    for (const outcome of outcomes) quality.add({ ...outcome, propensity: NaN, timeMs: 0 });
    const view = quality.view();
    expect(view.logLoss).toBeCloseTo(-Math.log(0.8 * 0.3 * 0.5) / 3, 12);
    // Predicted ½, then 1½/2, then 2½/3.
    expect(view.baseLogLoss).toBeCloseTo(-Math.log((0.5 * 0.75 * 0.5) / 3) / 3, 12);
    expect(view.priorLogLoss).toBeCloseTo(-Math.log(0.6 ** 3) / 3, 12);
    expect(view.accuracy).toBeCloseTo(2 / 3, 12);
    expect(view.uniformRate).toBeNull();
  });

  it("says nothing before the first example", () => {
    const view = new Quality(drift, false).view();
    expect(view).toMatchObject({ examples: 0, logLoss: null, baseLogLoss: null, priorLogLoss: null });
    expect(view).toMatchObject({ accuracy: null, uniformRate: null });
    expect(view.calibration).toMatchObject({ slope: 1, intercept: 0, ece: null });
    expect(view.calibration.bins).toEqual(
      new Array(10).fill({ count: 0, meanProbability: null, positives: 0 }),
    );
    expect(view.drift).toEqual({ detections: 0, lastAt: null });
  });

  it("takes no loss for infinite", () => {
    expect(logLoss(0, 1)).toBeCloseTo(-Math.log(1e-9), 12);
    expect(logLoss(1, 0)).toBeCloseTo(-Math.log(1e-9), 6);
  });
});

describe("calibration", () => {
  it("has the expected calibration error of its tenths", () => {
    const calibration = new Calibration();
    for (const [p, y] of [
      [0.02, 0],
      [0.31, 1],
      [0.39, 0],
      [1, 1],
    ] as const)
      calibration.add(p, y);
    const view = calibration.view();
    expect(view.bins[3]).toEqual({ count: 2, meanProbability: 0.35, positives: 1 });
    expect(view.bins[9]).toEqual({ count: 1, meanProbability: 1, positives: 1 });
    expect(view.ece).toBeCloseTo((0.02 + 0.3 + 0) / 4, 12);
  });

  it("makes the filter's step, evaluated by the precision matrix", () => {
    const calibration = new Calibration();
    const p = 0.9;
    calibration.add(p, 0);
    const logit = Math.log(9);
    const h = p * (1 - p);
    // P⁻¹ + h·xxᵀ, then its inverse; the gain P'x(y − q) is the same as Px(y − q)/(1 + hv).
    const [a, b, d] = [4 + h * logit * logit, h * logit, 4 + h];
    const determinant = a * d - b * b;
    const view = calibration.view();
    expect(view.slope).toBeCloseTo(1 - (p * (d * logit - b)) / determinant, 12);
    expect(view.intercept).toBeCloseTo((-p * (a - b * logit)) / determinant, 12);
    expect(calibration.calibrated(p)).toBeCloseTo(sigmoid(view.slope * logit + view.intercept), 12);
  });

  it("finds the slope of an overconfident model", () => {
    const random = new Mulberry32(7);
    const calibration = new Calibration();
    for (let i = 0; i < 20_000; i++) {
      const logit = 6 * random.next() - 3;
      calibration.add(sigmoid(2 * logit), random.next() < sigmoid(logit - 0.5) ? 1 : 0);
    }
    expect(calibration.view().slope).toBeCloseTo(0.5, 1);
    expect(calibration.view().intercept).toBeCloseTo(-0.5, 1);
  });
});

describe("drift", () => {
  it("is found by the losses' rise over their mean, then starts anew", () => {
    const test = new PageHinkley({ delta: 0, threshold: 1, minExamples: 3 });
    // Means 0, 0, 1/3, 1/2: the sum runs 0, 0, 2/3, 7/6.
    [0, 0, 1].forEach((loss, i) => {
      test.add(loss, i);
    });
    expect(test.view()).toEqual({ detections: 0, lastAt: null });
    test.add(1, 3);
    expect(test.view()).toEqual({ detections: 1, lastAt: 3 });
    for (let i = 4; i < 50; i++) test.add(1, i);
    expect(test.view()).toEqual({ detections: 1, lastAt: 3 });
  });

  it("waits for enough examples", () => {
    const test = new PageHinkley({ delta: 0, threshold: 1, minExamples: 6 });
    [0, 0, 1, 1, 1].forEach((loss, i) => {
      test.add(loss, i);
    });
    expect(test.view().detections).toBe(0);
    test.add(1, 5);
    expect(test.view()).toEqual({ detections: 1, lastAt: 5 });
  });
});

describe("a prior", () => {
  const definition = (learner: unknown) =>
    parseDefinition({
      name: "known",
      events: {},
      models: {
        m: {
          target: { examples: ["e"], positive: { path: "y", equals: 1 } },
          features: [{ kind: "number", path: "x" }],
          learner,
        },
      },
    });
  const prior: Prior = {
    definition: "known",
    fingerprint: "",
    version: "1",
    models: { m: { weights: [0.5, 2], means: [0, 10], variances: [0, 4], variance: 0.3, forget: 0 } },
  };
  const candidates = [{ id: "c", properties: { x: 11 } }];
  const logit = 0.5 + 2 * 0.5;
  const start = 1_767_225_600_000;
  const example = { id: "1", time: start, name: "e", properties: { x: 11, y: 0 } };

  it("is where sgd, adamw and bayes start", () => {
    for (const kind of ["sgd", "adamw"]) {
      const [ranked] = new ReferenceFold(definition({ kind }), prior).rank(candidates, start, "m");
      expect(ranked?.score).toBeCloseTo(sigmoid(logit), 12);
    }
    const [ranked] = new ReferenceFold(definition({ kind: "bayes" }), prior).rank(candidates, start, "m");
    // v = S·(1 + ½²) with the prior's variance, not the definition's.
    const kept = 1 / Math.sqrt(1 + (Math.PI * 0.3 * 1.25) / 8);
    expect(ranked?.score).toBeCloseTo(sigmoid(kept * logit), 12);
    expect(ranked?.contributions.map(({ value }) => value)).toEqual([0.5, 1]);
  });

  it("scales the features for good, and is what quality compares with", () => {
    const reference = new ReferenceFold(definition({ kind: "sgd" }), prior);
    reference.fold([example, { ...example, id: "2", time: start + 1 }]);
    const { logLoss: loss, priorLogLoss } = reference.view(start + 1).quality.m ?? {};
    expect(priorLogLoss).toBeCloseTo(-Math.log(1 - sigmoid(logit)), 12);
    // The second was predicted with the weights of one step, at the same z.
    const g = 0.05 * sigmoid(logit);
    const second = sigmoid(0.5 - g + (2 - g * 0.5) * 0.5);
    expect(loss).toBeCloseTo((-Math.log(1 - sigmoid(logit)) - Math.log(1 - second)) / 2, 12);
  });

  it("does nothing for a model that it does not have", () => {
    const without = new ReferenceFold(definition({ kind: "sgd" }), { ...prior, models: {} });
    without.fold([example]);
    expect(without.view(start).quality.m?.priorLogLoss).toBeNull();
    expect(without.progressive("m")).toBe(0.5);
  });
});

import { describe, expect, it } from "vitest";
import { ALL_LEARNERS, parseLearner, parseLearners, RIVER } from "../../src/learning/learners.ts";

describe("learners on a command line", () => {
  it("are all those of the definition, with its defaults", () => {
    const learners = parseLearners(ALL_LEARNERS);
    expect(learners.map(({ learner }) => learner.kind)).toEqual(ALL_LEARNERS.split(","));
    expect(learners[0]?.learner).toEqual({ kind: "sgd", rate: 0.05, biasRate: 0.05, l1: 0, l2: 0 });
  });

  it("take settings, and keep what they do not name", () => {
    expect(parseLearner(RIVER)).toEqual({
      name: RIVER,
      learner: { kind: "sgd", rate: 0.005, biasRate: 0.01, l1: 0, l2: 0 },
    });
  });

  it("nest in an ensemble", () => {
    const [first, second] = parseLearners("ensemble(bayes, ftrl(alpha=.5,beta=2), eta=3), coin");
    expect(first?.learner).toMatchObject({
      kind: "ensemble",
      eta: 3,
      of: [{ kind: "bayes" }, { kind: "ftrl", alpha: 0.5, beta: 2 }],
    });
    expect(second?.learner).toEqual({ kind: "coin", alpha: 4 });
  });

  it("are refused with the reason", () => {
    expect(() => parseLearners("svm")).toThrow("the learner svm is not valid: kind");
    expect(() => parseLearners("sgd(speed=1)")).toThrow("speed");
    expect(() => parseLearners("sgd(rate=fast)")).toThrow("rate");
    expect(() => parseLearners("sgd(rate=1")).toThrow("is not a learner");
    expect(() => parseLearner("sgd,ftrl")).toThrow("is not one learner");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auc, measure, spread } from "../../src/learning/metrics.ts";

describe("metrics", () => {
  it("agree with values computed by hand", () => {
    const { logLoss, accuracy, f1, ece, ...rest } = measure([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.6]);
    expect(logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8) + Math.log(0.4) + Math.log(0.4)) / 4, 12);
    expect(accuracy).toBe(0.5);
    // One true positive of two called and two there are.
    expect(f1).toBe(0.5);
    expect(ece).toBeCloseTo((0.1 + 0.2 + 0.6 + 0.6) / 4, 12);
    expect(rest).toEqual({ examples: 4, positives: 2, auc: 0.75 });
  });

  it("count a probability of exactly one half as a negative, as River does", () => {
    expect(measure([0, 1], [0.5, 0.5]).accuracy).toBe(0.5);
    expect(measure([0, 1], [0.5, 0.5]).f1).toBe(0);
  });

  it("keep the loss of a wrong certainty finite", () => {
    expect(measure([1], [0]).logLoss).toBeCloseTo(-Math.log(1e-9), 6);
  });

  it("put a probability of 1 into the last bin of the calibration", () => {
    expect(measure([1, 1], [1, 0.95]).ece).toBeCloseTo(0.025, 12);
  });

  it("have no AUC when all labels are the same", () => {
    expect(auc([1, 1], [0.1, 0.2])).toBeNull();
    expect(auc([0], [0.1])).toBeNull();
  });

  it("have the AUC that counting all pairs gives, ties counting half", () => {
    const examples = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 8 })), {
      minLength: 2,
      maxLength: 60,
    });
    fc.assert(
      fc.property(examples, (pairs) => {
        let [wins, total] = [0, 0];
        for (const [label, p] of pairs) {
          for (const [other, q] of pairs) {
            if (label === 0 || other === 1) continue;
            total += 1;
            wins += p > q ? 1 : p === q ? 0.5 : 0;
          }
        }
        const found = auc(
          pairs.map(([label]) => label),
          pairs.map(([, p]) => p / 8),
        );
        if (total === 0) expect(found).toBeNull();
        else expect(found).toBeCloseTo(wins / total, 12);
      }),
    );
  });

  it("spread by the sample's deviation", () => {
    expect(spread([1, 2, 3])).toEqual({ mean: 2, sd: 1 });
    expect(spread([4])).toEqual({ mean: 4, sd: 0 });
  });
});

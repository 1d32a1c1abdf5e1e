import { describe, expect, it } from "vitest";
import { Gate } from "./gate.ts";
import { RunningNumber } from "./numbers.ts";

const zscore = { rule: "zscore", threshold: 4, rate: 0.05, reopen: 5 } as const;
const hampel = { rule: "hampel", threshold: 3, of: 11, reopen: 5 } as const;

/** Ten values whose exponentially weighted mean is 10 and variance 1: 1/n is above the rate all along. */
const ten = [9, 11, 9, 11, 9, 11, 9, 11, 9, 11];

describe("the z-score gate", () => {
  it("clips to the mean ± threshold · deviation, from the eleventh value on", () => {
    const gate = new Gate(zscore);
    for (const u of ten) expect(gate.pass(u)).toBe(u);
    expect(gate.pass(1000)).toBeCloseTo(14, 12);
    expect(gate.clipped).toBe(1);
    // The clipped value was taken: with a = 1/11, the mean is 10 + 4/11, the variance 10/11·(1 + 16/11).
    expect(gate.pass(-1000)).toBeCloseTo(10 + 4 / 11 - 4 * Math.sqrt((10 / 11) * (27 / 11)), 12);
    expect(gate.clipped).toBe(2);
  });

  it("lets everything through while little is known or nothing varied", () => {
    const gate = new Gate(zscore);
    for (const u of [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 500]) expect(gate.pass(u)).toBe(u);
    const early = new Gate(zscore);
    for (const u of [...ten.slice(1), 1000]) expect(early.pass(u)).toBe(u);
  });

  it("takes the fifth outlier in a row on one side for a new level", () => {
    const gate = new Gate(zscore);
    for (const u of ten) gate.pass(u);
    for (let i = 0; i < 4; i++) expect(gate.pass(1000)).toBeLessThan(1000);
    expect(gate.pass(1000)).toBe(1000);
    expect(gate.clipped).toBe(4);
    // It knows one value now, so nine more pass whatever they are.
    for (const u of [9, 5000, 9, 9, 9, 9, 9, 9, 9]) expect(gate.pass(u)).toBe(u);
    expect(gate.pass(1e9)).toBeLessThan(1e9);
  });

  it("starts a row anew on the other side and after a value that is no outlier", () => {
    for (const between of [10, -1000]) {
      const gate = new Gate({ ...zscore, threshold: 1, reopen: 3 });
      for (const u of ten) gate.pass(u);
      for (const u of [1e6, 1e6, between, 1e6, 1e6]) gate.pass(u);
      expect(gate.clipped).toBe(between === 10 ? 4 : 5);
    }
  });
});

describe("the Hampel gate", () => {
  it("clips to the median ± threshold · 1.4826 · the median deviation, from the sixth value on", () => {
    const gate = new Gate(hampel);
    for (const u of [1, 2, 3, 4, 100]) expect(gate.pass(u)).toBe(u);
    // Median 3, deviations 2 1 0 1 97: their median is 1.
    expect(gate.pass(100)).toBeCloseTo(3 + 3 * 1.4826, 12);
    // Of 1 2 3 4 7.4478 100 the median is 3.5, of the deviations 2.5 1.5 .5 .5 3.9478 96.5 it is 2.
    expect(gate.pass(-100)).toBeCloseTo(3.5 - 3 * 1.4826 * 2, 12);
    expect(gate.clipped).toBe(2);
  });

  it("remembers only the last values", () => {
    const gate = new Gate(hampel);
    for (let i = 0; i < 11; i++) gate.pass(1000 + (i % 3));
    for (let i = 0; i < 5; i++) gate.pass(i % 3);
    expect(gate.clipped).toBe(4);
    // Reopened at 1: the ring holds it alone, then what came since.
    for (const u of [0, 2, 1, 0]) expect(gate.pass(u)).toBe(u);
    expect(gate.pass(1000)).toBeCloseTo(1 + 3 * 1.4826, 12);
  });
});

describe("a number", () => {
  it("enters clipped into mean, deviation and median, as it is into the rest", () => {
    const number = new RunningNumber({ outliers: { ...hampel } });
    [1, 2, 3, 4, 5].forEach((x, i) => {
      number.add(x, i);
    });
    number.add(1000, 5);
    const drawn = 3 + 3 * 1.4826;
    const view = number.view();
    expect(view).toMatchObject({ count: 6, sum: 1015, min: 1, max: 1000, last: 1000, clipped: 1 });
    expect(view.mean).toBeCloseTo((15 + drawn) / 6, 12);
  });

  it("is read back from its log scale, but for the deviation", () => {
    const number = new RunningNumber({ scale: "log" });
    [0, Math.E ** 2 - 1, -(Math.E ** 5 - 1)].forEach((x, i) => {
      number.add(x, i);
    });
    // In logarithms: 0, 2 and −5.
    const view = number.view();
    expect(view.mean).toBeCloseTo(-Math.expm1(1), 12);
    expect(view.median).toBe(0);
    expect(view.sd).toBeCloseTo(Math.sqrt((1 + 9 + 16) / 3), 12);
    expect(view.min).toBe(-(Math.E ** 5 - 1));
  });
});

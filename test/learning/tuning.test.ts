import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completejourney } from "../../definitions/completejourney.ts";
import { durationMs, parseDefinition } from "../../src/definition/schema.ts";
import { best, bestOver, type Candidate } from "../../src/learning/candidates.ts";
import type { Examples } from "../../src/learning/examples.ts";
import { durationText, scaleHalfLives } from "../../src/learning/half-lives.ts";
import { forwardChain, timeAt } from "../../src/learning/split.ts";

function examplesAt(times: number[]): Examples {
  const time = Float64Array.from(times);
  return {
    count: times.length,
    width: 4,
    x: new Float32Array(4 * times.length),
    y: new Uint8Array(times.length),
    time,
    users: [{ events: [], start: 0, end: times.length }],
    byTime: Uint32Array.from(times.keys()).sort((a, b) => (time[a] ?? 0) - (time[b] ?? 0) || a - b),
  };
}

describe("blocked forward-chaining cross-validation", () => {
  it("trains on the first blocks and measures on the next", () => {
    const splits = forwardChain(examplesAt([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]), 4);
    expect(splits.map(({ train }) => train.length)).toEqual([2, 4, 6, 8]);
    expect(splits.map(({ measured }) => [...measured])).toEqual([
      [7, 6],
      [5, 4],
      [3, 2],
      [1, 0],
    ]);
  });

  it("never measures on what is not after all that it trained on", () => {
    const times = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 10, maxLength: 80 });
    fc.assert(
      fc.property(times, fc.integer({ min: 2, max: 6 }), (list, folds) => {
        const examples = examplesAt(list);
        const measured = new Set<number>();
        for (const split of forwardChain(examples, folds)) {
          const latest = Math.max(...split.train.map((i) => list[i] ?? 0));
          for (const i of split.measured) {
            expect(list[i]).toBeGreaterThan(latest);
            expect(list[i]).toBeLessThan(split.until);
            expect(measured.has(i)).toBe(false);
            measured.add(i);
          }
        }
        // All but the first block is measured once.
        const first = timeAt(examples, 1 / (folds + 1));
        expect(measured.size).toBe(list.filter((time) => time >= first).length);
      }),
    );
  });
});

describe("a choice", () => {
  const candidate = (name: string, losses: number[]): Candidate<string> => ({ name, setting: name, losses });

  it("is the least mean log loss", () => {
    const [a, b] = [candidate("a", [0.6, 0.7]), candidate("b", [0.5, 0.7])];
    expect(best([a, b])).toBe(b);
    expect(best([b, candidate("c", [0.7, 0.5])])).toBe(b);
  });

  it("stays at what there is, when another is better within noise or by too little", () => {
    const current = candidate("current", [0.6, 0.62, 0.64]);
    const noisy = candidate("noisy", [0.5, 0.7, 0.62]);
    const little = candidate("little", [0.5999, 0.6199, 0.6399]);
    const better = candidate("better", [0.59, 0.61, 0.63]);
    expect(bestOver(current, [current, noisy])).toBe(current);
    expect(bestOver(current, [current, little])).toBe(current);
    expect(bestOver(current, [current, better])).toBe(better);
  });
});

describe("half-lives", () => {
  it("are scaled in every dimension, into a definition that is valid", () => {
    const definition = parseDefinition(completejourney);
    const scaled = scaleHalfLives(definition, 0.5);
    expect(Object.values(scaled.interests).map(({ halfLife }) => halfLife)).toEqual([
      "30d",
      "30d",
      "30d",
      "30d",
    ]);
    expect(parseDefinition(scaled)).toEqual(scaled);
    expect(scaleHalfLives(definition, 1)).toEqual(definition);
  });

  it("are written in the largest unit that fits", () => {
    expect(durationText(43_200_000)).toBe("12h");
    expect(durationText(129_600_000)).toBe("1.5d");
    expect(durationText(45_000)).toBe("45s");
    expect(durationMs(durationText(durationMs("7d") / 2))).toBe(durationMs("7d") / 2);
  });
});

import { describe, expect, it } from "vitest";
import type { Sabotage } from "../../simulate/object.ts";
import { LONG_HISTORY, type SimulationOptions, simulate } from "../../simulate/simulation.ts";

/** The first seed of some that finds something, and what. */
function firstFinding(seeds: number, options: SimulationOptions = {}) {
  for (let seed = 0; seed < seeds; seed++) {
    const { findings } = simulate(seed, options);
    const [first] = findings;
    if (first !== undefined) return { seed, first, findings };
  }
  return undefined;
}

describe("simulation", () => {
  it("finds every profile equal to the oracle's in a short sweep", () => {
    expect(firstFinding(500)).toBeUndefined();
  }, 120_000);

  it("finds a history equal that is longer than a slice of a refold", () => {
    let slices = 0;
    const print = (line: string) => {
      if (line.includes(" tend: ")) slices++;
    };
    const { findings, acknowledged } = simulate(10, { size: LONG_HISTORY, print });
    expect([...findings]).toEqual([]);
    expect(slices).toBeGreaterThan(0);
    expect(acknowledged).toBeGreaterThan(17_000);
  }, 120_000);

  it("does the same for the same seed, whatever ran before", () => {
    const first = Array.from({ length: 30 }, (_, seed) => simulate(seed).hash);
    expect(new Set(first).size).toBe(first.length);
    const again = first.map((_, i) => simulate(first.length - 1 - i).hash).reverse();
    expect(again).toEqual(first);
  });

  describe("finds what is broken on purpose within 200 seeds:", () => {
    const cases: [what: string, sabotage: Sabotage, kind: "lost" | "double" | "different"][] = [
      ["retries under new ids", "dedupe", "double"],
      ["late events folded where they arrive", "order", "different"],
      ["transactions that do not roll back", "transaction", "different"],
      ["answers that do not wait for the commit", "acknowledge", "lost"],
      ["engines that stay when the definition changes", "stale", "different"],
      ["a horizon of retention that is off by one", "horizon", "different"],
      ["a refold that forgets what retention dropped", "history", "different"],
      ["copies that stay of what was dropped or erased", "copies", "different"],
      ["alarms that do not ring for what is too old", "alarm", "different"],
    ];
    it.each(cases)("%s", (_, sabotage, kind) => {
      const found = firstFinding(200, { sabotage });
      expect(found?.findings[kind]).not.toEqual([]);
      expect(found).toBeDefined();
    });
  });
});

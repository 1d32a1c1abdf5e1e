import { describe, expect, it } from "vitest";
import { simulateMerges } from "../../simulate/merge-run.ts";
import type { MergeSabotage } from "../../simulate/merge-world.ts";

// Merges, unmerges, writes and erasures of up to five profiles, all at once: messages between objects are lost,
// repeated and late, and objects die at any statement. More seeds: `npm run simulate -- --merges --seeds 10000`.

const SEEDS = 300;

describe("profiles that are merged and unmerged while they are written to", () => {
  it("are the fold of what their parts have acknowledged, and apart as if they had never been merged", async () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      expect(await simulateMerges(seed), `seed ${seed}`).toEqual([]);
    }
  }, 60_000);

  it("are the same for the same seed", async () => {
    const runs: string[][] = [[], []];
    for (const lines of runs) await simulateMerges(7, { print: (line) => lines.push(line) });
    expect(runs[0]).toEqual(runs[1]);
  });

  it.each<MergeSabotage>(["origin", "erasures", "parcel", "number"])(
    "would not be so without %s",
    async (sabotage) => {
      for (let seed = 0; seed < SEEDS; seed++) {
        if ((await simulateMerges(seed, { sabotage })).length > 0) return;
      }
      expect.fail(`${SEEDS} seeds found nothing`);
    },
    60_000,
  );
});

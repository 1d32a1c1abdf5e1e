import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { ProfileAnswer } from "../../src/cli/answers.ts";
import {
  bar,
  intervalBar,
  number,
  percent,
  shorten,
  signedBar,
  sparkline,
  table,
} from "../../src/cli/draw.ts";
import { drawPortrait } from "../../src/cli/portrait.ts";
import { drawRanking } from "../../src/cli/ranking.ts";

describe("the parts", () => {
  it("draws bars to an eighth of a character, always as wide as asked", () => {
    expect([0, 0.5, 1, 0.3, 7, -1].map((share) => bar(share, 4))).toEqual([
      "    ",
      "██  ",
      "████",
      "█▎  ",
      "████",
      "    ",
    ]);
    expect([0.5, -0.5, -9].map((share) => signedBar(share, 8))).toEqual([
      "    │██  ",
      "  ██│    ",
      "████│    ",
    ]);
  });

  it("draws a probability with what is uncertain about it", () => {
    expect(intervalBar(0.5, 0.25, 8)).toBe("██▒▒▒▒··");
    expect(intervalBar(0.1, 0.5, 8)).toBe("▒▒▒▒▒···");
    expect(intervalBar(1, 0, 4)).toBe("████");
  });

  it("draws a sparkline in which only nothing is empty", () => {
    expect(sparkline([0, 1, 4, 8, 100, 0])).toBe(" ▁▁▁█ ");
    expect(sparkline([])).toBe("");
  });

  it("writes numbers short", () => {
    expect([1234.5678, 0.01234, 0, null, -3].map((value) => number(value))).toEqual([
      "1,234.57",
      "0.012",
      "0",
      "–",
      "-3",
    ]);
    expect([0, 0.001, 0.416, 1].map(percent)).toEqual(["0 %", "<1 %", "42 %", "100 %"]);
    expect(shorten("abcdef", 4)).toBe("abc…");
  });

  it("lines up columns, colours not counted", () => {
    expect(
      table(
        [
          ["name", "n"],
          ["\u001b[31mab\u001b[39m", "1,000"],
        ],
        "lr",
      ).map(stripVTControlCharacters),
    ).toEqual(["name      n", "ab    1,000"]);
  });
});

const profile: ProfileAnswer = {
  id: "ada",
  version: 3,
  asOf: "2026-11-25T12:00:00.000Z",
  definition: "ecommerce",
  events: 12,
  firstSeen: "2026-11-24T10:00:00.000Z",
  lastSeen: "2026-11-25T11:00:00.000Z",
  traits: { plan: { value: "pro", time: "2026-11-24T10:00:00.000Z" }, tags: { value: ["a"] } },
  numbers: {
    price: { count: 2, sum: 30, mean: 15, sd: 5, min: 10, max: 20, median: 15, last: 20 },
    rating: { count: 0, sum: 0, mean: null, sd: null, min: null, max: null, median: null, last: null },
  },
  interests: {
    category: {
      total: 10,
      top: [
        { key: "Shoes", weight: 7.5, share: 0.75 },
        { key: "Books", weight: 2.5, share: 0.25 },
      ],
    },
    brand: { total: 0, top: [] },
  },
  windows: { "24h": { events: 12, value: 30, counts: { "Product Viewed": 9, "Order Completed": 2 } } },
  scores: { purchase: { probability: 0.25, sd: 0.125, examples: 11, positives: 2, trend: 0.05 } },
};

describe("drawPortrait", () => {
  it("draws all that is there, and nothing that is not", () => {
    const hour = 3_600_000;
    const start = Date.parse("2026-11-25T08:00:00Z");
    const drawn = stripVTControlCharacters(
      drawPortrait(profile, [start, start + 2 * hour, start + 2 * hour + 1]),
    );
    expect(drawn).toBe(
      [
        "ada  version 3 · ecommerce",
        "12 events, 2026-11-24 10:00 to 2026-11-25 11:00, as of 2026-11-25 12:00 UTC",
        "",
        "TRAITS",
        "plan  pro    since 2026-11-24 10:00",
        'tags  ["a"]',
        "",
        "CATEGORY  weight 10",
        "Shoes  ████████████████████████████████  75 %",
        "Books  ██████████▋                       25 %",
        "",
        "NUMBERS",
        "       count  mean  sd  min  median  max  last  sum",
        "price      2    15   5   10      15   20    20   30",
        "",
        "WINDOWS",
        "last  events  value",
        "24h       12     30  Product Viewed 9, Order Completed 2",
        "",
        "ACTIVITY  newest 3 events by the hour, at most 2",
        "2026-11-25 ▄ █ 2026-11-25",
        "",
        "SCORES",
        "purchase  ████▒▒▒▒▒▒▒▒····················  0.25 ± 0.13  of 11 examples 2 were positive  rising 0.05",
      ].join("\n"),
    );
  });

  it("draws a user of whom there is next to nothing", () => {
    const bare = {
      ...profile,
      firstSeen: null,
      lastSeen: null,
      traits: {},
      numbers: {},
      interests: {},
      windows: {},
      scores: {},
    };
    expect(stripVTControlCharacters(drawPortrait(bare, []))).toBe(
      "ada  version 3 · ecommerce\n12 events, – to –, as of 2026-11-25 12:00 UTC",
    );
  });
});

describe("drawRanking", () => {
  it("draws the reasons that set candidates apart, not those that all share", () => {
    const contributions = (affinity: number) => [
      { feature: "bias", value: -3 },
      { feature: "affinity(category)", value: affinity },
    ];
    const ranked = [
      { id: "a", score: 0.75, sd: 0.1, contributions: contributions(1) },
      { id: "b", score: 0.25, sd: 0.1, contributions: contributions(-0.5) },
    ];
    const candidates = [
      { id: "a", properties: { name: "Boot", category: "Shoes" } },
      { id: "b", properties: {} },
    ];
    const drawn = stripVTControlCharacters(
      drawRanking("ada", { model: "purchase", version: 1, ranked }, candidates),
    );
    expect(drawn.split("\n").slice(1)).toEqual([
      "1  Boot, Shoes  ██████████▒▒▒▒··  0.75 ± 0.1          │████████  +1 affinity(category)",
      "2  b            ██▒▒▒▒··········  0.25 ± 0.1      ████│          −0.5 affinity(category)",
    ]);
    expect(drawn).not.toContain("bias");
  });
});

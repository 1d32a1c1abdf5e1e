import type { RankAnswer } from "./answers.ts";
import { heading, intervalBar, number, shorten, signedBar, table, tint } from "./draw.ts";

/** Reasons drawn for each candidate. */
const REASONS = 3;

/** Draws a ranking: each candidate with its score, how sure it is, and what speaks most for and against it. */
export function drawRanking(
  user: string,
  { model, ranked }: RankAnswer,
  candidates: readonly { id: string; properties: object }[],
): string {
  // What speaks for all alike does not decide between them.
  const reasons = ranked.map(({ contributions }) =>
    contributions.filter(({ feature }) => varies(feature, ranked)),
  );
  const largest = Math.max(...reasons.flat().map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const names = new Map(candidates.map(({ id, properties }) => [id, nameOf(id, properties)]));
  const rows = ranked.flatMap(({ id, score, sd }, i) => {
    const shown = (reasons[i] ?? [])
      .slice(0, REASONS)
      .map(({ feature, value }) => [
        signedBar(value / largest, 16).replace(/█+/, (run) => tint(value < 0 ? "red" : "green", run)),
        tint("dim", `${value < 0 ? "−" : "+"}${number(Math.abs(value))} ${feature}`),
      ]);
    const [first = ["", ""], ...rest] = shown;
    return [
      [
        String(i + 1),
        names.get(id) ?? id,
        tint("magenta", intervalBar(score, sd, 16)),
        `${number(score)} ± ${number(sd)}`,
        ...first,
      ],
      ...rest.map((reason) => ["", "", "", "", ...reason]),
    ];
  });
  return [
    heading(
      `Ranked by ${model}`,
      `for ${user}: score ± sd, and the log-odds of what sets the candidates apart`,
    ),
    ...table([["", "", "", "", "", ""], ...rows], "rlllll").slice(1),
  ].join("\n");
}

function varies(feature: string, ranked: RankAnswer["ranked"]): boolean {
  const values = ranked.map(
    ({ contributions }) => contributions.find((one) => one.feature === feature)?.value ?? 0,
  );
  return Math.max(...values) - Math.min(...values) > 1e-6;
}

/** A candidate as people would call it. */
function nameOf(id: string, properties: object): string {
  const { name, category }: { name?: unknown; category?: unknown } = properties;
  return shorten([name, category].filter((part) => typeof part === "string").join(", ") || id, 40);
}

import type { ProfileAnswer } from "./answers.ts";
import {
  bar,
  count,
  heading,
  intervalBar,
  minute,
  number,
  percent,
  shorten,
  sparkline,
  table,
  tint,
} from "./draw.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TOP = 8;
const UNITS = [
  { unit: "hour", unitMs: HOUR_MS },
  { unit: "quarter of a day", unitMs: 6 * HOUR_MS },
  { unit: "day", unitMs: DAY_MS },
];
const YEARLY = { unit: "week", unitMs: 7 * DAY_MS };

/** Draws a profile for a terminal. `times` (ms, any order) are those of the user's newest events. */
export function drawPortrait(profile: ProfileAnswer, times: readonly number[]): string {
  const sections = [
    drawHead(profile),
    drawTraits(profile),
    ...Object.entries(profile.interests).map(([name, interest]) => drawInterest(name, interest)),
    drawNumbers(profile),
    drawWindows(profile),
    drawActivity(times),
    drawScores(profile),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function drawHead({ id, version, definition, events, firstSeen, lastSeen, asOf }: ProfileAnswer): string[] {
  const made = typeof definition === "string" ? ` · ${definition}` : "";
  return [
    `${tint(["bold", "cyan"], id)}  ${tint("dim", `version ${version}${made}`)}`,
    `${count(events)} events, ${minute(firstSeen)} to ${minute(lastSeen)}${tint("dim", `, as of ${minute(asOf)} UTC`)}`,
  ];
}

function drawTraits({ traits }: ProfileAnswer): string[] {
  const rows = Object.entries(traits).map(([name, { value, time }]) => [
    name,
    typeof value === "string" ? shorten(value, 40) : shorten(JSON.stringify(value), 40),
    tint("dim", time === undefined ? "" : `since ${minute(time)}`),
  ]);
  return rows.length === 0 ? [] : [heading("Traits"), ...table([["", "", ""], ...rows], "lll").slice(1)];
}

function drawInterest(name: string, { total, top }: ProfileAnswer["interests"][string]): string[] {
  if (top.length === 0) return [];
  const shown = top.slice(0, TOP);
  const rest = top.length - shown.length;
  const largest = Math.max(...shown.map(({ share }) => share), Number.MIN_VALUE);
  const width = Math.min(Math.max(...shown.map(({ key }) => [...key].length)), 36);
  return [
    heading(name, `weight ${number(total)}${rest > 0 ? `, ${rest} more` : ""}`),
    ...shown.map(({ key, share }) => {
      const label = shorten(key, width);
      return `${label}${" ".repeat(width - [...label].length)}  ${tint("cyan", bar(share / largest, 32))} ${percent(share).padStart(5)}`;
    }),
  ];
}

function drawNumbers({ numbers }: ProfileAnswer): string[] {
  const rows = Object.entries(numbers)
    .filter(([, { count: values }]) => values > 0)
    .map(([name, n]) => [
      name,
      count(n.count),
      ...[n.mean, n.sd, n.min, n.median, n.max, n.last, n.sum].map((value) => number(value)),
    ]);
  if (rows.length === 0) return [];
  const header = ["", "count", "mean", "sd", "min", "median", "max", "last", "sum"];
  return [heading("Numbers"), ...table([header, ...rows], "lrrrrrrrr")];
}

function drawWindows({ windows }: ProfileAnswer): string[] {
  const rows = Object.entries(windows).map(([name, window]) => {
    const counts = Object.entries(window.counts).sort((a, b) => b[1] - a[1]);
    const shown = counts.slice(0, 4).map(([event, times]) => `${event} ${count(times)}`);
    return [
      name,
      count(window.events),
      number(window.value),
      shown.join(", ") + (counts.length > 4 ? ", …" : ""),
    ];
  });
  return rows.length === 0
    ? []
    : [heading("Windows"), ...table([["last", "events", "value", ""], ...rows], "lrrl")];
}

/** Events by the smallest unit that shows the whole time in some 60 characters. */
function drawActivity(times: readonly number[]): string[] {
  if (times.length === 0) return [];
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  const spanMs = last - first;
  const { unit, unitMs } = UNITS.find((one) => spanMs <= 60 * one.unitMs) ?? YEARLY;
  const start = Math.floor(first / unitMs);
  const counts = new Array<number>(Math.floor(last / unitMs) - start + 1).fill(0);
  for (const time of times) {
    const bucket = Math.floor(time / unitMs) - start;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const most = counts.reduce((a, b) => Math.max(a, b));
  const note = `newest ${count(times.length)} events by the ${unit}, at most ${count(most)}`;
  return [
    heading("Activity", note),
    `${tint("dim", minute(first).slice(0, 10))} ${tint("green", sparkline(counts))} ${tint("dim", minute(last).slice(0, 10))}`,
  ];
}

function drawScores({ scores }: ProfileAnswer): string[] {
  const rows = Object.entries(scores).map(([name, { probability, sd, examples, positives, trend }]) => [
    name,
    tint("magenta", intervalBar(probability, sd, 32)),
    `${number(probability)} ± ${number(sd)}`,
    tint("dim", `of ${count(examples)} examples ${count(positives)} were positive`),
    tint("dim", trend === null ? "" : `${trend > 0 ? "rising" : "falling"} ${number(Math.abs(trend))}`),
  ]);
  return rows.length === 0
    ? []
    : [heading("Scores"), ...table([["", "", "", "", ""], ...rows], "lllll").slice(1)];
}

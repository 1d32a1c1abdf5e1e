import { stripVTControlCharacters, styleText } from "node:util";

/** What is drawn on: whether it has colours is decided there (a terminal, NO_COLOR, FORCE_COLOR). */
export type Tint = Parameters<typeof styleText>[0];

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LEVELS = "▁▂▃▄▅▆▇█";
const NUMBER = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const SMALL = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 2 });

/** Colours a text, where there are colours. */
export function tint(style: Tint, text: string): string {
  return styleText(style, text);
}

/** A whole number with its thousands apart: `12,345`. */
export function count(value: number): string {
  return NUMBER.format(value);
}

/** A number to two decimals, or two digits when it is small; `–` for none. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value !== 0 && Math.abs(value) < 0.1 ? SMALL.format(value) : NUMBER.format(value);
}

/** A share as a percentage: `41 %`. */
export function percent(share: number): string {
  return share > 0 && share < 0.01 ? "<1 %" : `${Math.round(share * 100)} %`;
}

/** The beginning of a text, with an ellipsis when there is more. */
export function shorten(text: string, width: number): string {
  const points = [...text];
  return points.length <= width ? text : `${points.slice(0, width - 1).join("")}…`;
}

/** A bar of `share` (0 to 1) of the width, to an eighth of a character, padded to the width. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * width * 8);
  return ("█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "")).padEnd(width);
}

/** A bar from the middle: to the right when `share` (-1 to 1) is positive, to the left when negative. */
export function signedBar(share: number, width: number): string {
  const half = Math.floor(width / 2);
  const length = Math.min(Math.round(Math.abs(share) * half), half);
  return share < 0
    ? `${"█".repeat(length).padStart(half)}│${" ".repeat(half)}`
    : `${" ".repeat(half)}│${"█".repeat(length).padEnd(half)}`;
}

/** A probability with one standard deviation to either side: solid below it, shaded within it, dotted above. */
export function intervalBar(value: number, sd: number, width: number): string {
  const at = (share: number) => Math.round(Math.min(Math.max(share, 0), 1) * width);
  const [low, high] = [at(value - sd), at(value + sd)];
  return "█".repeat(low) + "▒".repeat(high - low) + "·".repeat(width - high);
}

/** A character per value, as high as the value is to the largest; a space for none. */
export function sparkline(values: readonly number[]): string {
  const largest = Math.max(...values, 0);
  return values
    .map((value) =>
      value <= 0
        ? " "
        : LEVELS.charAt(Math.min(Math.ceil((value / largest) * LEVELS.length) - 1, LEVELS.length - 1)),
    )
    .join("");
}

/**
 * Columns as wide as their widest cell, two spaces apart. `align` has a letter per column: `l` for left, else right.
 * The first row is the header.
 */
export function table(rows: readonly (readonly string[])[], align: string): string[] {
  const width = (cell: string) => [...stripVTControlCharacters(cell)].length;
  const widths = Array.from(align, (_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  return rows.map((row, index) => {
    const cells = row.map((cell, column) => {
      const space = " ".repeat((widths[column] ?? 0) - width(cell));
      return align[column] === "l" ? cell + space : space + cell;
    });
    const line = cells.join("  ").trimEnd();
    return index === 0 ? tint("dim", line) : line;
  });
}

/** A heading of a section. */
export function heading(title: string, note = ""): string {
  return tint("bold", title.toUpperCase()) + (note === "" ? "" : `  ${tint("dim", note)}`);
}

/** A time to the minute (UTC): `2026-11-25 13:30`. */
export function minute(time: string | number | null): string {
  return time === null ? "–" : new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

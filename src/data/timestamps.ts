const TOKENS: Record<string, string> = {
  yyyy: "(?<year>\\d{4})",
  MM: "(?<month>\\d{2})",
  M: "(?<month>\\d{1,2})",
  dd: "(?<day>\\d{2})",
  d: "(?<day>\\d{1,2})",
  HH: "(?<hour>\\d{2})",
  H: "(?<hour>\\d{1,2})",
  mm: "(?<minute>\\d{2})",
  ss: "(?<second>\\d{2})",
  SSS: "(?<milli>\\d{3})",
};

/** An ISO 8601 date or date-time; the zone is its own group, for it may be absent. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?(Z|[+-]\d\d:?\d\d)?$/;

/** Reads a time as milliseconds since 1970; undefined when the text is not one. */
export type TimeReader = (text: string) => number | undefined;

/**
 * A reader of times written as `format`: `iso`, `epoch-s`, `epoch-ms`, or a pattern of
 * `yyyy MM M dd d HH H mm ss SSS` and other characters, such as `yyyy-MM-dd HH:mm:ss`.
 * `zone` (`UTC` or an offset such as `+01:00`) is that of times which carry none: the machine's own is never
 * used, so that a file means the same everywhere.
 *
 * @throws RangeError naming what is wrong with the format or the zone
 */
export function timeReader(format: string, zone: string): TimeReader {
  const offsetMs = zoneOffsetMs(zone);
  if (format === "epoch-ms") return (text) => epoch(text, 1);
  if (format === "epoch-s") return (text) => epoch(text, 1000);
  if (format === "iso") return (text) => iso(text, zone === "UTC" ? "Z" : zone);
  const pattern = compilePattern(format);
  return (text) => {
    const part = pattern.exec(text)?.groups;
    if (part === undefined) return undefined;
    const [year, month, day] = [Number(part.year), Number(part.month), Number(part.day)];
    const [hour, minute, second] = [
      Number(part.hour ?? 0),
      Number(part.minute ?? 0),
      Number(part.second ?? 0),
    ];
    if (hour > 23 || minute > 59 || second > 59) return undefined;
    const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, Number(part.milli ?? 0)));
    // Date.UTC rolls 31 February over into March.
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
    return date.getTime() - offsetMs;
  };
}

function epoch(text: string, unitMs: number): number | undefined {
  const value = text === "" ? Number.NaN : Number(text) * unitMs;
  return Number.isFinite(value) && Math.abs(value) <= 8.64e15 ? Math.round(value) : undefined;
}

function iso(text: string, zone: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const time = Date.parse(`${match[1]}T${match[2] ?? "00:00"}${match[3] ?? zone}`);
  return Number.isNaN(time) ? undefined : time;
}

function compilePattern(format: string): RegExp {
  const seen = new Set<string>();
  const source = format.replace(/([a-zA-Z])\1*|[^a-zA-Z]/g, (run) => {
    if (!/[a-zA-Z]/.test(run) || (run === "T" && format.includes("yyyy")))
      return run.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    const token = TOKENS[run];
    if (token === undefined) throw new RangeError(`"${run}" is not known in the time format "${format}"`);
    seen.add(run.charAt(0));
    return token;
  });
  if (!seen.has("y") || !seen.has("M") || !seen.has("d"))
    throw new RangeError(`the time format "${format}" lacks the year, the month or the day`);
  return new RegExp(`^${source}$`);
}

function zoneOffsetMs(zone: string): number {
  if (zone === "UTC") return 0;
  const match = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (match === null) throw new RangeError(`the zone "${zone}" is neither UTC nor an offset such as +01:00`);
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}

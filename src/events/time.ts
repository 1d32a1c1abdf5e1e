const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Milliseconds since 1970 of an ISO 8601 date and time with its zone, such as `2026-11-25T13:30:00.250Z` or
 * `2026-11-25T14:30+01:00`; seconds and up to nine decimals of them are optional, what is finer than a
 * millisecond is cut off. NaN for everything else: a date alone, a missing zone, February 30, a leap second.
 *
 * Own code, because `Date.parse` takes more than this (local times, RFC 2822) and rolls February 30 over.
 */
export function parseTime(text: string): number {
  const length = text.length;
  if (length < 17 || length > 35) return Number.NaN;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  if (text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || text[13] !== ":") return Number.NaN;
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return Number.NaN;
  if (!(hour <= 23 && minute <= 59)) return Number.NaN;

  let at = 16;
  let second = 0;
  let ms = 0;
  if (text[at] === ":") {
    second = digits(text, at + 1, 2);
    if (!(second <= 59)) return Number.NaN;
    at += 3;
    if (text[at] === ".") {
      const start = ++at;
      for (let scale = 100; isDigit(text.charCodeAt(at)); at++) {
        if (scale >= 1) ms += scale * (text.charCodeAt(at) - 48);
        scale /= 10;
      }
      if (at === start || at - start > 9) return Number.NaN;
    }
  }
  const offset = zoneMinutes(text, at);
  return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + ms;
}

/** `Z`, `+hh:mm` or `-hh:mm` from `at` to the end, in minutes; NaN for anything else. */
function zoneMinutes(text: string, at: number): number {
  const sign = text[at];
  if (sign === "Z") return at + 1 === text.length ? 0 : Number.NaN;
  if ((sign !== "+" && sign !== "-") || text[at + 3] !== ":" || text.length !== at + 6) return Number.NaN;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, at + 4, 2);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return sign === "+" ? hours * 60 + minutes : -(hours * 60 + minutes);
}

function digits(text: string, start: number, count: number): number {
  let value = 0;
  for (let i = start; i < start + count; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return Number.NaN;
    value = value * 10 + (code - 48);
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  return (DAYS_IN_MONTH[month - 1] ?? Number.NaN) + (month === 2 && isLeap(year) ? 1 : 0);
}

function daysSince1970(year: number, month: number, day: number): number {
  const before = year - 1;
  // 719,162 days lie before 1970 in the proleptic Gregorian calendar, year 1 being the first.
  const toYear =
    before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 719_162;
  const leapDay = month > 2 && isLeap(year) ? 1 : 0;
  return toYear + (DAYS_BEFORE_MONTH[month - 1] ?? Number.NaN) + leapDay + day - 1;
}

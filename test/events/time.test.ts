import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTime } from "../../src/events/time.ts";

describe("parseTime", () => {
  it("reads what toISOString writes", () => {
    const date = fc.date({
      min: new Date(0),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(fc.property(date, (day) => parseTime(day.toISOString()) === day.getTime()));
  });

  it.each([
    ["1970-01-01T00:00:00Z", 0],
    ["1969-12-31T23:30:00-01:00", 1_800_000],
    ["2024-02-29T00:00Z", 1_709_164_800_000],
    ["2026-11-25T14:30:00.5+01:00", 1_795_613_400_500],
    ["2026-11-25T13:30:00.123456789Z", 1_795_613_400_123],
    ["0001-01-01T00:00:00Z", -62_135_596_800_000],
  ])("reads %s", (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  it.each([
    "",
    "2026-11-25",
    "2026-11-25T13:30:00",
    "2026-11-25 13:30:00Z",
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-13-10T00:00:00Z",
    "2026-11-00T00:00:00Z",
    "2026-11-25T24:00:00Z",
    "2026-11-25T23:60:00Z",
    "2026-11-25T23:59:60Z",
    "2026-11-25T13:30:00.Z",
    "2026-11-25T13:30:00.1234567890Z",
    "2026-11-25T13:30:00+0100",
    "2026-11-25T13:30:00+24:00",
    "2026-11-25T13:30:00Zjunk",
    "2026-11-25T13:30:00z",
    "+02026-11-25T13:30:00Z",
    "２０２６-11-25T13:30:00Z",
    "Wed, 25 Nov 2026 13:30:00 GMT",
    "1795613400000",
  ])("refuses %j", (text) => {
    expect(parseTime(text)).toBeNaN();
  });
});

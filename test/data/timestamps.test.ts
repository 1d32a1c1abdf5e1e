import { describe, expect, it } from "vitest";
import { timeReader } from "../../src/data/timestamps.ts";

const cases: [format: string, zone: string, text: string, expected: string | undefined][] = [
  ["iso", "UTC", "2017-01-28T19:06:53Z", "2017-01-28T19:06:53.000Z"],
  ["iso", "UTC", "2017-01-28T19:06:53.250+02:00", "2017-01-28T17:06:53.250Z"],
  ["iso", "UTC", "2017-01-28 19:06", "2017-01-28T19:06:00.000Z"],
  ["iso", "+01:00", "2017-01-28T19:06:53", "2017-01-28T18:06:53.000Z"],
  ["iso", "UTC", "2017-01-28", "2017-01-28T00:00:00.000Z"],
  ["iso", "UTC", "28 Jan 2017", undefined],
  ["iso", "UTC", "", undefined],
  ["yyyy-MM-dd HH:mm:ss", "UTC", "2010-12-01 08:26:00", "2010-12-01T08:26:00.000Z"],
  ["yyyy-MM-dd HH:mm:ss", "-05:30", "2010-12-01 08:26:00", "2010-12-01T13:56:00.000Z"],
  ["M/d/yyyy H:mm", "UTC", "2/9/2011 8:05", "2011-02-09T08:05:00.000Z"],
  ["dd.MM.yyyy", "UTC", "29.02.2012", "2012-02-29T00:00:00.000Z"],
  ["dd.MM.yyyy", "UTC", "29.02.2011", undefined],
  ["dd.MM.yyyy", "UTC", "01x02x2011", undefined],
  ["yyyyMMddTHHmmss.SSS", "UTC", "20110209T080506.007", "2011-02-09T08:05:06.007Z"],
  ["yyyy-MM-dd HH:mm:ss", "UTC", "2010-12-01 24:00:00", undefined],
  ["yyyy-MM-dd HH:mm:ss", "UTC", "2010-13-01 08:26:00", undefined],
  ["epoch-s", "UTC", "1291191960", "2010-12-01T08:26:00.000Z"],
  ["epoch-ms", "UTC", "1291191960123", "2010-12-01T08:26:00.123Z"],
  ["epoch-ms", "UTC", "", undefined],
];

describe("timeReader", () => {
  it.each(cases)("reads %s in %s: %s as %s", (format, zone, text, expected) => {
    const time = timeReader(format, zone)(text);
    expect(time === undefined ? undefined : new Date(time).toISOString()).toBe(expected);
  });

  it("does not depend on the zone of the machine", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Asia/Tokyo";
    try {
      expect(timeReader("iso", "UTC")("2017-01-28T19:06:53")).toBe(Date.UTC(2017, 0, 28, 19, 6, 53));
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it.each([
    ["yyyy-MM-dd hh:mm", "UTC", /"hh" is not known/],
    ["HH:mm", "UTC", /lacks the year/],
    ["iso", "Europe/Berlin", /neither UTC nor an offset/],
  ])("refuses %s in %s", (format, zone, message) => {
    expect(() => timeReader(format, zone)).toThrow(message);
  });
});

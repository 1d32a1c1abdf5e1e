import { describe, expect, it } from "vitest";
import type { Decoded, Decoder } from "../../src/events/decoded.ts";
import { decodeNative } from "../../src/events/native.ts";
import { decodeNdjson } from "../../src/events/ndjson.ts";

const NOW = 1_795_613_400_000;

const event = (id: string, properties: object = {}) => ({ id, userId: "u", event: "E", properties });
const events = (count: number) => Array.from({ length: count }, (_, i) => event(`e${i}`));

/** Of each item, its id or the code of its rejection. */
function outcome(decoded: Decoded): string[] | string {
  if (!decoded.ok) return decoded.code;
  return decoded.items.map((item) => (item.ok ? item.event.id : item.rejection.code));
}

const formats: [string, Decoder, (events: unknown[]) => string][] = [
  ["an array", decodeNative, (events) => JSON.stringify(events)],
  ["an indented array", decodeNative, (events) => JSON.stringify(events, null, 2)],
  ["lines", decodeNdjson, (events) => events.map((e) => `${JSON.stringify(e)}\n`).join("")],
  [
    "lines of Windows, with empty ones",
    decodeNdjson,
    (events) => events.map((e) => JSON.stringify(e)).join("\r\n\r\n"),
  ],
];

describe.each(formats)("%s", (_name, decode, encode) => {
  it("yields its items in order, the bad ones in their places", () => {
    const body = encode([event("a"), { id: "b" }, event("c"), null, event("d")]);
    expect(outcome(decode(body, NOW))).toEqual(["a", "user-missing", "c", "event-not-object", "d"]);
  });

  it("yields an event or a rejection for every item, and refuses none or too many", () => {
    expect(outcome(decode(encode([]), NOW))).toBe("no-events");
    expect(outcome(decode(encode(events(2500)), NOW))).toHaveLength(2500);
    expect(outcome(decode(encode(events(2501)), NOW))).toBe("too-many-events");
  });

  it("rejects only the event that is larger than 32 kB, counted in bytes", () => {
    const body = encode([
      event("a"),
      event("b", { s: "é".repeat(16_400) }),
      event("c", { s: "x".repeat(32_000) }),
    ]);
    expect(outcome(decode(body, NOW))).toEqual(["a", "event-too-large", "c"]);
  });
});

describe("JSON", () => {
  it("may be one event", () => {
    expect(outcome(decodeNative(JSON.stringify(event("a")), NOW))).toEqual(["a"]);
    const large = JSON.stringify(event("a", { s: "x".repeat(33_000) }));
    expect(outcome(decodeNative(large, NOW))).toEqual(["event-too-large"]);
  });

  it.each(["null", "7", '"text"', "true"])("that is %s holds no events", (body) => {
    expect(outcome(decodeNative(body, NOW))).toBe("body-not-events");
  });

  it("that is malformed, or nested 35 levels anywhere, is refused whole", () => {
    expect(outcome(decodeNative('[{"id":"a"},{]', NOW))).toBe("json-malformed");
    const deep = `[{"id":"a","properties":${'{"a":'.repeat(33)}1${"}".repeat(33)}}]`;
    expect(outcome(decodeNative(deep, NOW))).toBe("json-too-deep");
  });
});

describe("NDJSON", () => {
  it("rejects only the line that is no JSON, and names it", () => {
    const decoded = decodeNdjson(
      `${JSON.stringify(event("a"))}\n\n{"id":\n${JSON.stringify(event("b"))}`,
      NOW,
    );
    expect(outcome(decoded)).toEqual(["a", "json-malformed", "b"]);
    expect(decoded.ok && decoded.items[1]).toMatchObject({
      rejection: { index: 1, pointer: "", detail: expect.stringMatching(/^Line 3: /) },
    });
  });

  it("rejects only the line that is nested too deep", () => {
    const body = `${JSON.stringify(event("a"))}\n${"[".repeat(10_000)}\n${JSON.stringify(event("b"))}`;
    expect(outcome(decodeNdjson(body, NOW))).toEqual(["a", "json-too-deep", "b"]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../src/events/event.ts";
import { isProfileId, validate } from "../../src/events/validate.ts";
import { resolves } from "./pointer.ts";

const NOW = 1_795_613_400_000;
const HOUR = 3_600_000;

const good: JsonObject = { id: "e1", userId: "u1", event: "Product Viewed" };

/** As a decoder would make it: from JSON. */
const decide = (json: string) => validate(JSON.parse(json), 3, NOW);
const decideWith = (members: JsonObject) => decide(JSON.stringify({ ...good, ...members }));

function deep(levels: number): Json {
  let value: Json = 1;
  for (let i = 0; i < levels; i++) value = { a: value };
  return value;
}

describe("an event", () => {
  it("keeps what it says and fills in what it leaves out", () => {
    expect(decideWith({})).toEqual({
      ok: true,
      event: { id: "e1", user: "u1", name: "Product Viewed", time: NOW, receivedAt: NOW, properties: {} },
    });
    expect(
      decideWith({ timestamp: "2026-11-25T13:00:00Z", properties: { price: 9.5 }, traits: { plan: "pro" } }),
    ).toMatchObject({ event: { time: NOW - HOUR / 2, properties: { price: 9.5 }, traits: { plan: "pro" } } });
  });

  it("takes messageId for a missing id", () => {
    expect(decide('{"messageId":"m1","userId":"u","event":"E"}')).toMatchObject({ event: { id: "m1" } });
    expect(decide('{"id":"e1","messageId":"m1","userId":"u","event":"E"}')).toMatchObject({
      event: { id: "e1" },
    });
  });

  it("belongs to the userId, else to anonymous: and the anonymousId", () => {
    expect(decideWith({ anonymousId: "a1" })).toMatchObject({ event: { user: "u1" } });
    expect(decideWith({ userId: null, anonymousId: "a1" })).toMatchObject({
      event: { user: "anonymous:a1" },
    });
  });

  it("is named Identify when it has traits and no name", () => {
    expect(decideWith({ event: null, traits: {} })).toMatchObject({ event: { name: "Identify" } });
  });

  it("keeps user ids as they are: not trimmed, not normalised", () => {
    for (const userId of [
      " u ",
      "e\u0301",
      "\u00e9",
      "a/b",
      "Ω≈ç√",
      "'; DROP TABLE users; --",
      "<b>",
      "x".repeat(256),
    ]) {
      expect(decideWith({ userId })).toMatchObject({ event: { user: userId } });
    }
  });

  it("takes times in ms, and up to an hour ahead", () => {
    expect(decideWith({ timestamp: 1 })).toMatchObject({ event: { time: 1 } });
    expect(decideWith({ timestamp: NOW + HOUR })).toMatchObject({ event: { time: NOW + HOUR } });
  });

  it("has 0 for -0, at any depth", () => {
    const decided = decide('{"id":"e","userId":"u","event":"E","properties":{"a":-0,"b":[-0.0,{"c":-0e5}]}}');
    expect(decided).toMatchObject({ ok: true });
    if (!decided.ok) return;
    expect(decided.event.properties.a).toBe(0);
    expect(decided.event.properties.b).toEqual([0, { c: 0 }]);
  });

  it("carries __proto__ and constructor keys as data that touches nothing", () => {
    const decided = decide(
      '{"id":"e","userId":"u","event":"E","__proto__":{"userId":"admin"},' +
        '"properties":{"__proto__":{"polluted":-0},"constructor":{"prototype":{"polluted":1}}}}',
    );
    expect(decided).toMatchObject({ ok: true, event: { user: "u" } });
    if (!decided.ok) return;
    expect(Object.keys(decided.event.properties)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(decided.event.properties)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  it("may hold 300 keys and 32 levels", () => {
    const keys = Object.fromEntries(Array.from({ length: 296 }, (_, i) => [`k${i}`, i]));
    expect(decideWith({ properties: keys })).toMatchObject({ ok: true });
    expect(decideWith({ properties: deep(31) })).toMatchObject({ ok: true });
  });

  it("may hold the largest number of the kernel", () => {
    expect(decide('{"id":"e","userId":"u","event":"E","properties":{"n":-3.4028234663852886e38}}').ok).toBe(
      true,
    );
  });
});

describe("what is not an event is rejected, with where and why", () => {
  const withText = (member: string) => `{"id":"e1","userId":"u1","event":"E",${member}}`;

  it.each<[string, string, string]>([
    ["null", "event-not-object", ""],
    ["[]", "event-not-object", ""],
    ['"text"', "event-not-object", ""],
    ["7", "event-not-object", ""],
    ['{"userId":"u","event":"E"}', "id-missing", ""],
    ['{"id":"","userId":"u","event":"E"}', "id-invalid", "/id"],
    ['{"id":7,"userId":"u","event":"E"}', "id-invalid", "/id"],
    ['{"messageId":{},"userId":"u","event":"E"}', "id-invalid", "/messageId"],
    [`{"id":"${"x".repeat(101)}","userId":"u","event":"E"}`, "id-invalid", "/id"],
    ['{"id":"e","event":"E"}', "user-missing", ""],
    ['{"id":"e","userId":null,"event":"E"}', "user-missing", ""],
    ['{"id":"e","userId":"","event":"E"}', "user-invalid", "/userId"],
    ['{"id":"e","userId":"null","event":"E"}', "user-invalid", "/userId"],
    ['{"id":"e","userId":"undefined","event":"E"}', "user-invalid", "/userId"],
    ['{"id":"e","userId":"[object Object]","event":"E"}', "user-invalid", "/userId"],
    ['{"id":"e","userId":42,"event":"E"}', "user-invalid", "/userId"],
    ['{"id":"e","userId":["u"],"event":"E"}', "user-invalid", "/userId"],
    ['{"id":"e","userId":{"id":"u"},"event":"E"}', "user-invalid", "/userId"],
    [`{"id":"e","userId":"${"x".repeat(257)}","event":"E"}`, "user-invalid", "/userId"],
    [`{"id":"e","userId":"${"x".repeat(10_000)}","event":"E"}`, "user-invalid", "/userId"],
    ['{"id":"e","anonymousId":"undefined","event":"E"}', "user-invalid", "/anonymousId"],
    ['{"id":"e","userId":"anonymous:a1","event":"E"}', "user-reserved", "/userId"],
    ['{"id":"e","userId":"u"}', "name-missing", ""],
    ['{"id":"e","userId":"u","event":""}', "name-invalid", "/event"],
    ['{"id":"e","userId":"u","event":["E"]}', "name-invalid", "/event"],
    [`{"id":"e","userId":"u","event":"${"x".repeat(129)}"}`, "name-invalid", "/event"],
    [withText('"timestamp":"2026-11-25T13:30:00"'), "time-invalid", "/timestamp"],
    [withText('"timestamp":"2026-02-30T00:00:00Z"'), "time-invalid", "/timestamp"],
    [withText('"timestamp":"yesterday"'), "time-invalid", "/timestamp"],
    [withText('"timestamp":1.5'), "time-invalid", "/timestamp"],
    [withText('"timestamp":1e30'), "time-invalid", "/timestamp"],
    [withText('"timestamp":true'), "time-invalid", "/timestamp"],
    [withText('"timestamp":0'), "time-too-early", "/timestamp"],
    [withText('"timestamp":"1970-01-01T00:00:00Z"'), "time-too-early", "/timestamp"],
    [withText('"timestamp":"0099-01-01T00:00:00Z"'), "time-too-early", "/timestamp"],
    [withText('"timestamp":"9999-01-01T00:00:00Z"'), "time-in-future", "/timestamp"],
    [withText(`"timestamp":${NOW + HOUR + 1}`), "time-in-future", "/timestamp"],
    [withText('"properties":[]'), "properties-invalid", "/properties"],
    [withText('"properties":"x"'), "properties-invalid", "/properties"],
    [withText('"traits":[{}]'), "traits-invalid", "/traits"],
    [withText('"properties":{"n":1e400}'), "number-out-of-range", "/properties/n"],
    [withText('"properties":{"n":[0,-1e39]}'), "number-out-of-range", "/properties/n/1"],
    [withText('"properties":{"a/b":{"~":1e39}}'), "number-out-of-range", "/properties/a~1b/~0"],
    [withText('"properties":{"s":"\\ud800"}'), "text-invalid", "/properties/s"],
    [withText('"context":[["\\udc00x"]]'), "text-invalid", "/context/0/0"],
    [withText('"traits":{"\\ud800":1}'), "text-invalid", "/traits/\ud800"],
    ['{"id":"\\ud800","userId":"u","event":"E"}', "text-invalid", "/id"],
    ['{"id":"e","userId":"\\ud800","event":"E"}', "text-invalid", "/userId"],
  ])("%.80s: %s", (json, code, pointer) => {
    expect(decide(json)).toMatchObject({ ok: false, rejection: { index: 3, code, pointer } });
    expect(resolves(JSON.parse(json), pointer)).toBe(true);
  });

  it("finds the key over 300 and the level over 32", () => {
    const keys = Object.fromEntries(Array.from({ length: 298 }, (_, i) => [`k${i}`, i]));
    expect(decideWith({ properties: keys })).toMatchObject({
      rejection: { code: "too-many-keys", pointer: "/properties/k296" },
    });
    expect(decideWith({ properties: deep(32) })).toMatchObject({
      rejection: { code: "too-deep", pointer: `/properties${"/a".repeat(31)}` },
    });
  });

  it("names the id where it can be read", () => {
    expect(decide('{"id":"e1","event":"E"}')).toMatchObject({ rejection: { id: "e1" } });
    expect(decide('{"messageId":"m1","event":"E"}')).toMatchObject({ rejection: { id: "m1" } });
    for (const json of ["null", '{"id":7}', '{"id":"\\ud800"}', `{"id":"${"x".repeat(101)}"}`]) {
      const decided = decide(json);
      expect(!decided.ok && "id" in decided.rejection).toBe(false);
    }
  });
});

describe("any JSON at all", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "/", "~", "\ud800", "é", "__proto__", "null") });
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("json"), { maxLength: 4 }),
      fc.dictionary(text, tie("json"), { maxKeys: 4 }),
    ),
  }));
  const mostly = (value: string) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant<Json>(value) }, { weight: 1, arbitrary: json });
  const item = fc.oneof(
    json,
    fc.record<Record<string, Json>>(
      {
        id: mostly("e1"),
        userId: mostly("u1"),
        event: mostly("E"),
        timestamp: fc.oneof(mostly("2026-11-25T13:30:00Z"), fc.integer()),
        properties: fc.dictionary(text, json),
        traits: fc.dictionary(text, json),
      },
      { requiredKeys: [] },
    ),
  );

  it("is an event or a rejection whose pointer leads somewhere and whose detail is one sentence", () => {
    fc.assert(
      fc.property(item, (value) => {
        // What JSON.parse makes of it: own __proto__ keys, lone surrogates, no NaN.
        const decoded: Json = JSON.parse(JSON.stringify(value));
        const decided = validate(decoded, 0, NOW);
        if (decided.ok) return isProfileId(decided.event.user) && decided.event.time <= NOW + HOUR;
        const { pointer, code, detail } = decided.rejection;
        return resolves(decoded, pointer) && /^[a-z0-9-]+$/.test(code) && /^[A-Z].*\.$/.test(detail);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("isProfileId", () => {
  it("knows which ids a profile can have", () => {
    for (const id of ["u", "anonymous:a", `anonymous:${"x".repeat(256)}`]) expect(isProfileId(id)).toBe(true);
    for (const id of ["", "null", "anonymous:", "anonymous:null", "x".repeat(257)])
      expect(isProfileId(id)).toBe(false);
  });
});

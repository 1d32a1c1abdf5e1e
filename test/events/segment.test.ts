import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decoded } from "../../src/events/decoded.ts";
import type { Event, Json, JsonObject } from "../../src/events/event.ts";
import { EVENT_BYTES, EVENT_DEPTH, FUTURE_MS } from "../../src/events/limits.ts";
import { decodeSegment, writeKeyIn } from "../../src/events/segment.ts";
import { CALLS, type Call } from "../../src/events/segment-call.ts";
import { callTexts } from "../../src/events/segment-text.ts";
import type { Validated } from "../../src/events/validate.ts";

const NOW = Date.UTC(2026, 10, 25, 13, 30);
const HOUR = 3_600_000;
const YEAR = 8766 * HOUR;

const iso = (ms: number): string => new Date(ms).toISOString();

function itemsOf(decoded: Decoded): Validated[] {
  if (!decoded.ok) throw new Error(decoded.code);
  return decoded.items;
}

const one = (call: Call, members: JsonObject): Validated | undefined =>
  itemsOf(decodeSegment(JSON.stringify({ messageId: "m", userId: "u", ...members }), NOW, call))[0];

function eventOf(item: Validated | undefined): Event {
  if (!item?.ok) throw new Error(item?.rejection.code ?? "no item");
  return item.event;
}

/** Of each item, the id of its event or the code of its rejection. */
const outcome = (decoded: Decoded): string[] | string =>
  decoded.ok ? decoded.items.map((item) => (item.ok ? item.event.id : item.rejection.code)) : decoded.code;

const batchOf = (items: Json[], more: JsonObject = {}) => JSON.stringify({ batch: items, ...more });
const track = (id: string, members: JsonObject = {}): JsonObject => ({
  type: "track",
  messageId: id,
  userId: "u",
  event: "E",
  ...members,
});

describe("a call", () => {
  it("of track is the event it names, and declares the traits of its context", () => {
    const item = one("track", {
      event: "Product Viewed",
      properties: { price: 9 },
      context: { traits: { plan: "pro" }, ip: "1.2.3.4", page: { url: "/" } },
      integrations: { All: true },
    });
    expect(item).toEqual({
      ok: true,
      event: {
        id: "m",
        user: "u",
        name: "Product Viewed",
        time: NOW,
        receivedAt: NOW,
        properties: { price: 9 },
        traits: { plan: "pro" },
      },
    });
  });

  it("of identify declares its traits, else those of the context, and links the anonymous profile", () => {
    const item = one("identify", {
      anonymousId: "a",
      traits: { plan: "pro" },
      context: { traits: { plan: "free", age: 7 } },
    });
    expect(item).toMatchObject({
      alias: "anonymous:a",
      event: { name: "Identify", user: "u", properties: {}, traits: { plan: "pro" } },
    });
    expect(eventOf(one("identify", { context: { traits: { age: 7 } } })).traits).toEqual({ age: 7 });
    expect(eventOf(one("identify", {})).traits).toBeUndefined();
  });

  it.each<[Call, string]>([
    ["page", "Page Viewed"],
    ["screen", "Screen Viewed"],
  ])("of %s is a %s, with its name and category among the properties", (call, name) => {
    const item = one(call, { name: "Home", category: "Shop", properties: { url: "/", category: "Own" } });
    expect(eventOf(item)).toMatchObject({ name, properties: { name: "Home", category: "Own", url: "/" } });
    expect(eventOf(one(call, { name: null })).properties).toEqual({});
  });

  it("of group says of the group, not of the user", () => {
    const event = eventOf(one("group", { groupId: "g1", traits: { seats: 5 } }));
    expect(event).toMatchObject({ name: "Group", properties: { groupId: "g1", seats: 5 } });
    expect(event.traits).toBeUndefined();
  });

  it("of alias links what the user was before", () => {
    expect(one("alias", { previousId: "a" })).toMatchObject({
      alias: "anonymous:a",
      event: { name: "Alias", user: "u", properties: { previousId: "a" } },
    });
    expect(one("alias", { previousId: "anonymous:a" })).toMatchObject({ alias: "anonymous:a" });
  });

  it("links nothing without both ids, nor by a track", () => {
    for (const item of [
      one("identify", {}),
      one("identify", { userId: null, anonymousId: "a" }),
      one("identify", { anonymousId: "null" }),
      one("identify", { anonymousId: 7 }),
      one("track", { event: "E", anonymousId: "a" }),
    ]) {
      expect(item?.ok).toBe(true);
      expect(item).not.toHaveProperty("alias");
    }
  });

  it("belongs to the user, or to an anonymous one", () => {
    expect(eventOf(one("track", { event: "E", anonymousId: "a" })).user).toBe("u");
    expect(eventOf(one("track", { event: "E", userId: null, anonymousId: "a" })).user).toBe("anonymous:a");
  });

  it("keeps of the context the first external ids, where they are some", () => {
    const good = { id: "x", type: "crm", collection: "users", encoding: "none" };
    const context = { externalIds: [good, 7, { id: 7, type: "crm" }, { id: "y", type: "crm", more: 1 }] };
    expect(eventOf(one("track", { event: "E", properties: { a: 1 }, context })).properties).toEqual({
      a: 1,
      context: { externalIds: [good, { id: "y", type: "crm" }] },
    });
    const many = { externalIds: Array.from({ length: 100 }, (_, i) => ({ id: `${i}`, type: "crm" })) };
    const { properties } = eventOf(one("identify", { context: many }));
    expect(JSON.stringify(properties).length).toBeLessThan(400);
  });

  it.each<[string, Call, JsonObject, string, string]>([
    ["a number for a user", "track", { userId: 7, event: "E" }, "user-invalid", "/userId"],
    ["an empty user", "track", { userId: "", event: "E" }, "user-invalid", "/userId"],
    ["no user", "track", { userId: null, event: "E" }, "user-missing", ""],
    ["no event", "track", { context: { traits: {} } }, "name-invalid", "/event"],
    ["a number for an event", "track", { event: 7 }, "name-invalid", "/event"],
    ["a long id", "track", { event: "E", messageId: "m".repeat(101) }, "id-invalid", "/messageId"],
    ["a number for an id", "track", { event: "E", messageId: 7 }, "id-invalid", "/messageId"],
    ["no group", "group", {}, "group-invalid", "/groupId"],
    ["a number for a group", "group", { groupId: 7 }, "group-invalid", "/groupId"],
    ["a list of the group's traits", "group", { groupId: "g", traits: [] }, "properties-invalid", "/traits"],
    ["no previous id", "alias", {}, "previous-id-invalid", "/previousId"],
    ["text for traits", "identify", { traits: "x" }, "traits-invalid", "/traits"],
    [
      "text for the context's",
      "track",
      { event: "E", context: { traits: "x" } },
      "traits-invalid",
      "/context/traits",
    ],
    ["a list of properties", "page", { properties: [] }, "properties-invalid", "/properties"],
    ["half a character", "identify", { traits: { a: "\ud800" } }, "text-invalid", "/traits/a"],
    [
      "half of one of a group",
      "group",
      { groupId: "g", traits: { a: "\ud800" } },
      "text-invalid",
      "/traits/a",
    ],
    [
      "a time of no zone",
      "track",
      { event: "E", timestamp: "2026-11-25T10:00:00" },
      "time-invalid",
      "/timestamp",
    ],
    ["no time", "track", { event: "E", originalTimestamp: "now" }, "time-invalid", "/originalTimestamp"],
  ])("with %s is rejected, and the place named", (_name, call, members, code, pointer) => {
    expect(one(call, members)).toMatchObject({ ok: false, rejection: { index: 0, code, pointer } });
  });

  it("of JSON that is no object is none", () => {
    for (const body of ["7", "null", "[]", '"x"']) {
      expect(outcome(decodeSegment(body, NOW, "track"))).toBe("body-not-events");
    }
    expect(outcome(decodeSegment("{", NOW, "track"))).toBe("json-malformed");
  });

  it("may be 32 kB, its type included", () => {
    const body = (length: number) =>
      JSON.stringify({
        ...{ type: "track", messageId: "m", userId: "u", event: "E" },
        properties: { s: "x".repeat(length) },
      });
    const room = EVENT_BYTES - body(0).length;
    expect(outcome(decodeSegment(body(room), NOW, "track"))).toEqual(["m"]);
    expect(outcome(decodeSegment(body(room + 1), NOW, "track"))).toEqual(["event-too-large"]);
  });
});

describe("a call without an id", () => {
  const id = (members: JsonObject, at = NOW) => {
    const item = { type: "track", userId: "u", event: "E", ...members };
    return itemsOf(decodeSegment(batchOf([item, item], { sentAt: iso(at) }), at)).map((it) => eventOf(it).id);
  };

  it("has the same one when it is sent again, and another when it says another thing", () => {
    const timed = { timestamp: iso(NOW - HOUR) };
    const [first, second] = id(timed);
    expect(first).toMatch(/^made-[0-9a-f]{32}$/);
    expect(second).toBe(first);
    expect(id(timed, NOW + 5000)[0]).toBe(first);
    for (const other of [
      { timestamp: iso(NOW) },
      { ...timed, userId: "v" },
      { ...timed, properties: { a: 1 } },
    ]) {
      expect(id(other)[0]).not.toBe(first);
    }
  });

  it("is another each time when it has no time either: two alike would be taken for one", () => {
    expect(new Set([...id({}), ...id({}, NOW + 1)]).size).toBe(4);
  });
});

describe("a batch", () => {
  it("yields its calls in order, the bad ones in their places", () => {
    const body = batchOf([
      track("a"),
      { ...track("b"), type: "nonsense" },
      { type: "identify", messageId: "c", userId: "u" },
      7,
      { ...track("d"), type: null },
      track("e"),
    ]);
    expect(outcome(decodeSegment(body, NOW))).toEqual([
      "a",
      "type-invalid",
      "c",
      "event-not-object",
      "type-invalid",
      "e",
    ]);
  });

  it("says for all of its calls what they do not say for themselves", () => {
    const own = { timestamp: iso(NOW - 1000), sentAt: iso(NOW), context: { traits: { plan: "pro" } } };
    const body = batchOf([track("a"), track("b", own)], {
      context: { traits: { plan: "free" }, externalIds: [{ id: "x", type: "crm" }] },
      timestamp: iso(NOW - 2 * HOUR),
      sentAt: iso(NOW - HOUR),
    });
    const [a, b] = itemsOf(decodeSegment(body, NOW)).map(eventOf);
    expect(a).toMatchObject({ time: NOW - HOUR, traits: { plan: "free" } });
    expect(b).toMatchObject({ time: NOW - 1000, traits: { plan: "pro" } });
    expect(b?.properties).toEqual({ context: { externalIds: [{ id: "x", type: "crm" }] } });
  });

  it("is an object with one to 2,500 calls", () => {
    for (const body of ["[]", "{}", '{"batch":{}}', '{"batch":"x"}']) {
      expect(outcome(decodeSegment(body, NOW))).toBe("body-not-events");
    }
    const many = (count: number) => batchOf(Array.from({ length: count }, (_, i) => track(`${i}`)));
    expect(outcome(decodeSegment(many(0), NOW))).toBe("no-events");
    expect(outcome(decodeSegment(many(2500), NOW))).toHaveLength(2500);
    expect(outcome(decodeSegment(many(2501), NOW))).toBe("too-many-events");
  });

  it("loses only the call that is too large, or nested too deep", () => {
    let deep: Json = 1;
    for (let i = 0; i < EVENT_DEPTH - 1; i++) deep = { a: deep };
    const body = batchOf([
      track("a", { properties: { s: "é".repeat(16_400) } }),
      track("b", { properties: { s: "x".repeat(32_000) } }),
      track("c", { properties: { deep } }),
      track("d"),
    ]);
    expect(outcome(decodeSegment(body, NOW))).toEqual(["event-too-large", "b", "too-deep", "d"]);
    const shadowed = body.replace("{", '{"batch":[7],"x":"[,]","\\u0062atch":[],');
    expect(outcome(decodeSegment(shadowed, NOW))).toEqual(["event-too-large", "b", "too-deep", "d"]);
  });

  it("counts what it says for all as if each call said it: a short body is no large one", () => {
    const small = Array.from({ length: 2000 }, (_, i) => track(`${i}`));
    const long = "x".repeat(2000);
    for (const shared of [{ context: { traits: { long } } }, { timestamp: long }, { sentAt: long }]) {
      expect(outcome(decodeSegment(batchOf(small, shared), NOW))).toBe("body-too-large");
      expect(outcome(decodeSegment(batchOf(small.slice(0, 500), shared), NOW))).toHaveLength(500);
    }
    const traits = { long: "x".repeat(20_000) };
    const calls = [track("a"), track("b", { properties: { long: "x".repeat(13_000) } })];
    expect(outcome(decodeSegment(batchOf(calls, { context: { traits } }), NOW))).toEqual([
      "a",
      "event-too-large",
    ]);
    expect(outcome(decodeSegment(batchOf(calls), NOW))).toEqual(["a", "b"]);
  });

  it("is decided in bounded time, whatever its calls lean on", () => {
    const junk = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]));
    const calls = Array.from({ length: 2400 }, () => ({ type: "identify", userId: "" }));
    const body = batchOf(calls, { context: junk });
    expect(outcome(decodeSegment(body, NOW))).toHaveLength(2400);
    const texts = callTexts(body, [...calls.keys()]);
    expect(texts.join("").length).toBeLessThan(body.length);
  });

  it("names the key that it may be taken in by", () => {
    expect(writeKeyIn('{"writeKey":"k"}')).toBe("k");
    for (const body of ['{"writeKey":7}', '["writeKey"]', '{"writeKey":', "{}"]) {
      expect(writeKeyIn(body)).toBeUndefined();
    }
  });
});

describe("the time of a call", () => {
  const time = (members: JsonObject) => eventOf(one("track", { event: "E", ...members })).time;
  const any = fc.integer({ min: 0, max: Date.UTC(9999, 0) });
  const stamps = fc.constantFrom("timestamp", "originalTimestamp");

  it("is as long before the receipt as the stamp is before the sending, however wrong the device's clock is", () => {
    fc.assert(
      fc.property(stamps, any, fc.integer({ min: -FUTURE_MS, max: YEAR }), (stamp, clock, agoMs) => {
        fc.pre(clock - agoMs >= 0);
        expect(time({ [stamp]: iso(clock - agoMs), sentAt: iso(clock) })).toBe(NOW - agoMs);
      }),
    );
  });

  it("is the stamp itself without a sentAt, or with one that is no time", () => {
    fc.assert(
      fc.property(
        stamps,
        fc.integer({ min: 1, max: NOW + FUTURE_MS }),
        fc.constantFrom(undefined, null, "yesterday", "2026-11-25", {}, 1.5),
        (stamp, ms, sentAt) => {
          expect(time({ [stamp]: iso(ms), ...(sentAt === undefined ? {} : { sentAt }) })).toBe(ms);
        },
      ),
    );
  });

  it("is never beyond what an event may have: a mad sentAt leaves the stamp", () => {
    fc.assert(
      fc.property(any, any, (stamp, sent) => {
        const item = one("track", { event: "E", timestamp: iso(stamp), sentAt: iso(sent) });
        const corrected = NOW - sent + stamp;
        const isIn = (ms: number) => ms > 0 && ms <= NOW + FUTURE_MS;
        if (isIn(corrected)) expect(eventOf(item).time).toBe(corrected);
        else if (isIn(stamp)) expect(eventOf(item).time).toBe(stamp);
        else expect(item).toMatchObject({ rejection: { code: expect.stringMatching(/^time-/) } });
      }),
    );
    expect(time({ timestamp: iso(NOW - HOUR), sentAt: "9999-01-01T00:00:00Z" })).toBe(NOW - HOUR);
    expect(time({ timestamp: iso(NOW - HOUR), sentAt: "1971-01-01T00:00:00Z" })).toBe(NOW - HOUR);
  });

  it("is the timestamp as it stands next to an originalTimestamp", () => {
    const past = Date.UTC(2020, 0);
    const times = { timestamp: iso(past), originalTimestamp: iso(NOW - 5), sentAt: iso(NOW - 1) };
    expect(time(times)).toBe(past);
  });

  it("is that of the receipt when nothing is said", () => {
    expect(time({})).toBe(NOW);
    expect(time({ sentAt: iso(NOW - HOUR) })).toBe(NOW);
  });
});

describe("the text of a call that is kept", () => {
  const again = (text: string, at = NOW) => itemsOf(decodeSegment(`{"batch":[${text}]}`, at))[0];
  const at0 = (item: Validated | undefined) =>
    item?.ok ? item : { ok: false, rejection: { ...item?.rejection, index: 0 } };

  it("stands alone, and holds no key", () => {
    const body = batchOf([7, track("b", { writeKey: "wk-1", context: { ip: "::1" } })], {
      writeKey: "wk-1",
      sentAt: "2026-11-25T13:30:00Z",
      context: { traits: { plan: "free" } },
    });
    const [seven = "", text = ""] = callTexts(body, [0, 1]);
    expect(seven).toBe("7");
    expect(JSON.parse(text)).toEqual({
      ...track("b"),
      context: { ip: "::1", traits: { plan: "free" } },
      sentAt: "2026-11-25T13:30:00Z",
    });
    const [single = ""] = callTexts('{"writeKey":"wk-1","type":"page","event":1e400}', [0], "track");
    expect(single).toBe('{"type":"track","event":1e400}');
    expect(callTexts("{ }", [0], "page")).toEqual(['{"type":"page"}']);
  });

  it("decides the call as the body that it came in did", () => {
    const time = fc.oneof(
      fc.constantFrom(null, "now", "2026-11-25T10:00:00Z", "2020-01-01T00:00:00+01:00"),
      fc.integer({ min: -1, max: NOW * 2 }),
    );
    const context = fc.oneof(
      fc.constantFrom(null, "x"),
      fc.record(
        {
          traits: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 }), fc.constant(null)),
          externalIds: fc.jsonValue({ maxDepth: 1 }),
        },
        { requiredKeys: [] },
      ),
    );
    const times = { timestamp: time, originalTimestamp: time, sentAt: time, context };
    const item = fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record(
          {
            type: fc.constantFrom(...CALLS, "nonsense"),
            event: fc.oneof(fc.string(), fc.integer()),
            userId: fc.constantFrom("u", "", 7, null),
            anonymousId: fc.constantFrom("a", null),
            groupId: fc.constantFrom("g", 7),
            previousId: fc.constantFrom("p", 7),
            properties: fc.jsonValue(),
            traits: fc.jsonValue(),
            name: fc.jsonValue({ maxDepth: 1 }),
            writeKey: fc.constant("wk-1"),
            ...times,
          },
          { requiredKeys: ["type"] },
        ),
      },
      { weight: 1, arbitrary: fc.jsonValue() },
    );
    const shared = fc.record({ ...times, writeKey: fc.constant("wk-1") }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), shared, (items, more) => {
        const named = items.map((it, i) =>
          typeof it === "object" && it !== null && !Array.isArray(it) ? { ...it, messageId: `m${i}` } : it,
        );
        const body = JSON.stringify({ batch: named, ...more });
        const decided = itemsOf(decodeSegment(body, NOW));
        const texts = callTexts(body, [...decided.keys()]);
        decided.forEach((first, i) => {
          expect(at0(again(texts[i] ?? ""))).toEqual(at0(first));
          expect(texts[i]).not.toContain("wk-1");
        });
      }),
      { numRuns: 1000 },
    );
  });
});

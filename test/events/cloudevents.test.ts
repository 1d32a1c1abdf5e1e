import { CloudEvent, HTTP } from "cloudevents";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindHeaders } from "../../src/events/cloudevent-headers.ts";
import { decodeCloudEvent, decodeCloudEventBatch } from "../../src/events/cloudevents.ts";
import type { Decoded } from "../../src/events/decoded.ts";
import { userOf } from "../../src/failures/entry.ts";

const NOW = 1_795_613_400_000;

const order = (members: object = {}) => ({
  specversion: "1.0",
  id: "e-1",
  source: "/shop",
  type: "Order Completed",
  time: "2026-11-25T10:00:00Z",
  subject: "ann",
  data: { value: 10 },
  ...members,
});

const decode = (item: unknown) => decodeCloudEvent(JSON.stringify(item), NOW);

/** The only item: its event, or its rejection. */
function only(decoded: Decoded) {
  if (!decoded.ok) throw new Error(decoded.code);
  const [item] = decoded.items;
  if (item === undefined || decoded.items.length !== 1) throw new Error("one item was expected");
  return item.ok ? item.event : item.rejection;
}

const bind = (headers: Record<string, string>, body = "") => bindHeaders(Object.entries(headers), body);

function bound(headers: Record<string, string>, body = ""): Record<string, unknown> {
  const result = bind(headers, body);
  if (!result.ok) throw new Error(result.code);
  return JSON.parse(result.text);
}

describe("a CloudEvent", () => {
  it("is an event: type is its name, data its properties, its traits apart, source and time kept", () => {
    expect(only(decode(order({ data: { value: 10, traits: { plan: "pro" } } })))).toEqual({
      id: "/shop e-1",
      user: "ann",
      name: "Order Completed",
      time: Date.parse("2026-11-25T10:00:00Z"),
      receivedAt: NOW,
      properties: { value: 10 },
      traits: { plan: "pro" },
      source: "/shop",
    });
  });

  it("without time, data or content type happened now, with nothing more", () => {
    const { time, data, ...bare } = order();
    expect(only(decode(bare))).toMatchObject({ time: NOW, properties: {} });
  });

  it("has its time in RFC 3339, in lower case too, and never as a number", () => {
    expect(only(decode(order({ time: "2026-11-25t10:00:00z" })))).toMatchObject({
      time: Date.parse("2026-11-25T10:00:00Z"),
    });
    expect(only(decode(order({ time: 1_795_600_000_000 })))).toMatchObject({
      code: "time-invalid",
      pointer: "/time",
    });
  });

  it("keeps traits that are no object among the properties", () => {
    expect(only(decode(order({ data: { traits: 5 } })))).toMatchObject({ properties: { traits: 5 } });
  });

  it.each([
    [{ userid: "a", anonymousid: "b", data: { userId: "c" } }, "a"],
    [{ anonymousid: "b", data: { userId: "c" } }, "anonymous:b"],
    [{ data: { userId: "c", anonymousId: "d" } }, "c"],
    [{ data: { anonymousId: "d" } }, "anonymous:d"],
    [{ userid: null, data: { userId: null } }, "ann"],
  ])("%j is of %s: attributes before data before subject", (members, user) => {
    expect(only(decode(order(members)))).toMatchObject({ user });
    // And what is kept of its failure is found by that user.
    expect(userOf(JSON.stringify(order({ ...members, type: "" })))).toBe(user);
  });

  it.each([
    [{ specversion: "0.3" }, "specversion-unsupported", "/specversion"],
    [{ specversion: 1 }, "specversion-unsupported", "/specversion"],
    [{ id: "" }, "cloudevent-incomplete", "/id"],
    [{ id: 7 }, "cloudevent-incomplete", "/id"],
    [{ source: undefined }, "cloudevent-incomplete", "/source"],
    [{ source: "s".repeat(257) }, "source-invalid", "/source"],
    [{ type: undefined, data: { traits: {} } }, "cloudevent-incomplete", "/type"],
    [{ type: "t".repeat(129) }, "name-invalid", "/type"],
    [{ time: "yesterday" }, "time-invalid", "/time"],
    [{ subject: undefined }, "user-missing", ""],
    [{ subject: "null" }, "user-invalid", "/subject"],
    [{ subject: "anonymous:x" }, "user-reserved", "/subject"],
    [{ userid: "" }, "user-invalid", "/userid"],
    [{ data: { userId: 7 } }, "user-invalid", "/data/userId"],
    [{ data: "text" }, "properties-invalid", "/data"],
    [{ data: [1] }, "properties-invalid", "/data"],
    [{ data: { a: { "b/c": 1e39 } } }, "number-out-of-range", "/data/a/b~1c"],
    [{ data: { traits: { a: "\ud800" } } }, "text-invalid", "/data/traits/a"],
    [{ id: `\ud800${"x".repeat(100)}` }, "text-invalid", "/id"],
    [{ datacontenttype: "application/xml", data: "<a/>" }, "datacontenttype-unsupported", "/datacontenttype"],
    [{ datacontenttype: "application/jsonp" }, "datacontenttype-unsupported", "/datacontenttype"],
    [{ data: undefined, data_base64: "%%" }, "data-base64-invalid", "/data_base64"],
    [{ data: undefined, data_base64: btoa("{") }, "data-base64-invalid", "/data_base64"],
    [{ data: undefined, data_base64: btoa('"\xff"') }, "data-base64-invalid", "/data_base64"],
    [{ data: {}, data_base64: btoa("{}") }, "data-base64-invalid", "/data_base64"],
  ])("with %j is rejected as %s at %s", (members, code, pointer) => {
    expect(only(decode(order(members)))).toMatchObject({ index: 0, code, pointer });
  });

  it.each(["application/json", "text/json; charset=utf-8", "application/vnd.shop.order+json"])(
    "may be of %s",
    (datacontenttype) => {
      expect(only(decode(order({ datacontenttype })))).toMatchObject({ properties: { value: 10 } });
    },
  );

  it("is not every item with a specversion: the user of an event of our own form is found, too", () => {
    expect(userOf('{"specversion":"1.0","userId":"ann"}')).toBe("ann");
    expect(userOf('{"specversion":"1.0","userId":"x","subject":"ann"}')).toBe("ann");
  });

  it("may have its JSON in base64", () => {
    const { data, ...rest } = order();
    const encoded = Buffer.from('{"city":"Zürich"}').toString("base64");
    expect(only(decode({ ...rest, data_base64: encoded }))).toMatchObject({ properties: { city: "Zürich" } });
  });

  it("is the same only with the same source and id, however long they are", () => {
    const id = (source: string, id: string) => only(decode(order({ source, id }))).id ?? "";
    expect(id("/shop", "1")).toBe(id("/shop", "1"));
    const text = fc.string({ minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const first = id(a, b);
        expect(first.length).toBeLessThanOrEqual(100);
        expect(first === id(c, d)).toBe(a === c && b === d);
      }),
    );
    // Cut apart elsewhere, these are one text.
    const parts = fc.array(fc.constantFrom("a", " "), { minLength: 4, maxLength: 8 });
    fc.assert(
      fc.property(parts, fc.nat(), fc.nat(), (chars, i, j) => {
        const [at, to] = [1 + (i % (chars.length - 2)), 1 + (j % (chars.length - 2))];
        const cut = (k: number) => id(chars.slice(0, k).join(""), chars.slice(k).join(""));
        expect(cut(at) === cut(to)).toBe(at === to);
      }),
    );
  });

  it("larger than 32 kB is rejected, in a batch it alone", () => {
    const large = order({ id: "large", data: { s: "x".repeat(33_000) } });
    expect(only(decode(large))).toMatchObject({ code: "event-too-large" });
    const decoded = decodeCloudEventBatch(JSON.stringify([order(), large, null]), NOW);
    expect(decoded.ok && decoded.items.map((item) => (item.ok ? "" : item.rejection.code))).toEqual([
      "",
      "event-too-large",
      "event-not-object",
    ]);
  });

  it("is no array, and a batch is one, of 1 to 2,500", () => {
    const codeOf = (decoded: Decoded) => (decoded.ok ? decoded.items.length : decoded.code);
    expect(codeOf(decode([order()]))).toBe("body-not-events");
    expect(codeOf(decode("text"))).toBe("body-not-events");
    expect(codeOf(decodeCloudEventBatch(JSON.stringify(order()), NOW))).toBe("body-not-events");
    expect(codeOf(decodeCloudEventBatch("[]", NOW))).toBe("no-events");
    const many = (count: number) => JSON.stringify(Array.from({ length: count }, () => 0));
    expect(codeOf(decodeCloudEventBatch(many(2500), NOW))).toBe(2500);
    expect(codeOf(decodeCloudEventBatch(many(2501), NOW))).toBe("too-many-events");
    expect(codeOf(decodeCloudEvent("{", NOW))).toBe("json-malformed");
    expect(codeOf(decodeCloudEventBatch("[", NOW))).toBe("json-malformed");
  });
});

describe("a header of binary mode", () => {
  it.each([
    ["a%20b%C3%BC", "a bü"],
    ["%2541", "%41"],
    ["100%", "100%"],
    ["100%zz%20", "100%zz "],
    ['"a \\"b\\" \\\\"', 'a "b" \\'],
    ['"%22a%22"', '"a"'],
    ['"', '"'],
    ["", ""],
  ])("%s means %s", (value, meant) => {
    expect(bound({ "ce-subject": value })).toEqual({ subject: meant });
  });

  it.each(["%FF", "%C3", "%ED%A0%80", "%C0%80", "ü", "\ufffd", "a\tb"])("%s is refused", (value) => {
    expect(bind({ "ce-subject": value })).toMatchObject({
      code: "header-malformed",
      detail: expect.stringContaining("ce-subject"),
    });
  });

  it("is an attribute when its name can be one; the content type and the data have their own places", () => {
    const headers = {
      "ce-id": "1",
      "ce-data": "no",
      "ce-data_base64": "no",
      "ce-datacontenttype": "text/plain",
      "ce-": "no",
      "ce-__proto__": "no",
      "x-ce-id": "2",
      "content-type": "application/json",
    };
    expect(bound(headers, '{"__proto__":1}')).toEqual(
      JSON.parse('{"id":"1","datacontenttype":"application/json","data":{"__proto__":1}}'),
    );
  });

  it("leaves the data as it was sent: a number that is too large stays too large", () => {
    const headers = {
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-source": "/s",
      "ce-type": "t",
      "ce-subject": "u",
    };
    const result = bind(headers, '{"price":1e400}');
    if (!result.ok) throw new Error(result.code);
    expect(only(decodeCloudEvent(result.text, NOW))).toMatchObject({ code: "number-out-of-range" });
    const empty = bind({ ...headers, "content-type": "text/plain" });
    if (!empty.ok) throw new Error(empty.code);
    expect(only(decodeCloudEvent(empty.text, NOW))).toMatchObject({ name: "t", properties: {} });
  });

  it("leaves data that is not JSON as text, and refuses JSON that is broken", () => {
    expect(bound({ "content-type": "text/plain" }, "{")).toEqual({
      datacontenttype: "text/plain",
      data: "{",
    });
    expect(bind({ "ce-id": "1" }, "{")).toMatchObject({ code: "json-malformed" });
  });
});

/** Printable ASCII: the package sends what it is given, percent-encodes nothing, and HTTP takes no more than this. */
const ascii = fc
  .string({
    minLength: 1,
    maxLength: 40,
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  })
  .filter((text) => !/%[0-9a-f]{2}|^".*"$/i.test(text));

describe("what the cloudevents package sends", () => {
  const events = fc.record({
    id: ascii,
    source: ascii,
    type: ascii,
    subject: ascii,
    data: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant([{}])), {
      maxKeys: 5,
    }),
  });

  it("is one event in each of the three modes", () => {
    fc.assert(
      fc.property(events, (members) => {
        const event = new CloudEvent({ ...members, time: "2026-11-25T10:00:00.000Z" }, false);
        const structured = only(decodeCloudEvent(String(HTTP.structured(event).body), NOW));
        const batch = only(decodeCloudEventBatch(`[${event.toString()}]`, NOW));
        const { headers, body } = HTTP.binary(event);
        const lower = Object.entries(headers).map(([name, value]): [string, string] => [
          name.toLowerCase(),
          String(value),
        ]);
        const bound = bindHeaders(lower, String(body));
        if (!bound.ok) throw new Error(bound.code);
        expect(batch).toEqual(structured);
        expect(only(decodeCloudEvent(bound.text, NOW))).toEqual(structured);
        expect(structured).toHaveProperty("name", members.type);
      }),
    );
  });

  it("decodes whatever may come without throwing", () => {
    const attribute = fc.constantFrom(
      ...[
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "subject",
        "userid",
        "anonymousid",
        "datacontenttype",
      ],
      ...["data", "data_base64"],
    );
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("1.0", "application/json", "ann", "e30="));
    fc.assert(
      fc.property(fc.dictionary(attribute, value), (members) => {
        const decoded = decode({ ...order(), ...members });
        expect(decoded.ok && decoded.items).toHaveLength(1);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (header, body) => {
        bind({ "ce-id": header, "content-type": header }, body);
      }),
      { numRuns: 2_000 },
    );
  });
});

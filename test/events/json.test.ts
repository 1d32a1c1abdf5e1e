import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits, parseJson } from "../../src/events/json.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("parseJson", () => {
  it("agrees with JSON.parse and finds each element of an array", () => {
    const elements = fc.array(fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(elements, fc.constantFrom(undefined, 2), (values, indent) => {
        const text = JSON.stringify(values, null, indent);
        const parsed = parseJson(text);
        if (!parsed.ok) throw new Error(parsed.detail);
        const { edges } = parsed;
        expect(parsed.value).toEqual(JSON.parse(text));
        for (let i = 0; i < values.length; i++) {
          const element = text.slice(edges[i], (edges[i + 1] ?? Number.NaN) - 1);
          expect(JSON.parse(element)).toEqual(JSON.parse(JSON.stringify(values[i])));
        }
      }),
    );
  });

  it.each(['{"a":"\\\\"}', '["\\"]]","[[{"]', '["\\\\\\"",1]', '"]"'])("is not misled by %s", (text) => {
    expect(parseJson(text)).toMatchObject({ ok: true, value: JSON.parse(text) });
  });

  it("takes 34 levels and refuses 35, whatever stands between them", () => {
    expect(parseJson(nested(34)).ok).toBe(true);
    expect(parseJson(nested(35))).toMatchObject({ ok: false, code: "json-too-deep" });
    expect(parseJson(`${'{"a":['.repeat(18)}${"]}".repeat(18)}`)).toMatchObject({ code: "json-too-deep" });
  });

  it("refuses a million levels, closed or not, without parsing them", () => {
    expect(parseJson(nested(1_000_000))).toMatchObject({ code: "json-too-deep" });
    expect(parseJson("[".repeat(1_000_000))).toMatchObject({ code: "json-too-deep" });
  });

  it.each(["", " ", "{", '{"a":1,}', '"', '"\\', "[1],[2]", "]][[", "NaN", "{'a':1}", '{"a":1} x', "\u0000"])(
    "says that %j is not JSON",
    (text) => {
      expect(parseJson(text)).toMatchObject({ ok: false, code: "json-malformed" });
    },
  );

  it("quotes nothing of a text that it refuses", () => {
    const parsed = parseJson('{"email":"jane@example.com", oops}');
    expect(parsed).toMatchObject({ detail: "This is not valid JSON (character 30): check how it is built." });
  });
});

describe("fits", () => {
  it("counts the bytes of UTF-8", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    fc.assert(
      fc.property(text, fc.nat(100), (content, limit) => {
        const bytes = new TextEncoder().encode(content).length;
        expect(fits(`<${content}>`, 1, content.length + 1, limit)).toBe(bytes <= limit);
      }),
    );
  });
});

import fc from "fast-check";

/**
 * JSON as text, not as values: what hurts a decoder is often what `JSON.stringify` cannot write, such as 1e400, -0, a
 * key that is there twice, or half of a surrogate pair.
 */

const quoted = (text: string) => JSON.stringify(text);
const repeated = (unit: string, ...counts: number[]) =>
  fc.constantFrom(...counts).map((count) => quoted(unit.repeat(count)));

export const hostileNumber = fc.constantFrom(
  ...["1e400", "-1e400", "1e39", "3.4028235e38", "3.4028234663852886e38", "-3.4028234663852886e38"],
  ...[
    "-0",
    "-0.0",
    "-0e5",
    "1e-400",
    "5e-324",
    "1e-45",
    "9007199254740993",
    "9007199254740991",
    "8640000000000001",
    "0.1",
    "1".repeat(400),
  ],
);

export const hostileString = fc.oneof(
  fc.constantFrom(
    ...['"\\ud800"', '"\\udc00x"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u2028\\n"', '"\\u001f\\u007f"'],
    ...["", "null", "undefined", "NaN", "[object Object]", "__proto__", "constructor", "anonymous:a"].map(
      quoted,
    ),
    ...[
      "e\u0301",
      "\u00e9",
      "\ufeffx",
      "\u202ex",
      "'; DROP TABLE events; --",
      "<script>alert(1)</script>",
    ].map(quoted),
    ...["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-11-25T13:30:00"].map(
      quoted,
    ),
  ),
  repeated("x", 100, 101, 128, 129, 256, 257, 10_000),
  repeated("é", 128, 16_400),
  repeated("\u0001", 99, 6_000),
  fc.string({ unit: "binary", maxLength: 20 }).map(quoted),
);

/** Text that no JSON is made of. */
const noJson = fc.constantFrom(
  "NaN",
  "Infinity",
  "01",
  "+1",
  ".5",
  "'a'",
  "undefined",
  '"\u0001"',
  '"\\x"',
  '"',
  "",
);

export const hostileKey = fc.oneof(
  fc
    .constantFrom(
      "__proto__",
      "constructor",
      "prototype",
      "toString",
      "hasOwnProperty",
      "",
      "a.b",
      "~/",
      "price",
    )
    .map(quoted),
  fc.constantFrom('"\\ud800"', '"\\u0000"', '"__pr\\u006fto__"'),
  repeated("k", 64, 65, 1000),
);

export const objectOf = (members: readonly (readonly [string, string])[]) =>
  `{${members.map(([key, value]) => `${key}:${value}`).join(",")}}`;

const deep = fc.constantFrom(29, 30, 31, 32, 33, 34, 100, 10_000).chain((levels) =>
  fc
    .constantFrom<[string, string]>(["[", "]"], ['{"a":', "}"], ['[{"__proto__":', "}]"])
    .map(([open, close]) => {
      const count = Math.ceil(levels / (open.length > 5 ? 2 : 1));
      return `${open.repeat(count)}1${close.repeat(count)}`;
    }),
);

const manyKeys = fc
  .oneof(
    { weight: 30, arbitrary: fc.constantFrom(290, 300, 301) },
    { weight: 1, arbitrary: fc.constant(100_000) },
  )
  .map((count) => objectOf(Array.from({ length: count }, (_, i) => [`"k${i}"`, "1"] as const)));

/** Any JSON, and now and then none, with much in it that is at or beyond a limit. */
export const hostileJson: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: hostileString },
    { weight: 4, arbitrary: hostileNumber },
    { weight: 3, arbitrary: fc.constantFrom("null", "true", "false", "{}", "[]", "[[]]", "7", "-1.5") },
    { weight: 1, arbitrary: fc.oneof(...[noJson, deep, manyKeys]) },
    { weight: 3, arbitrary: fc.array(tie("any"), { maxLength: 4 }).map((list) => `[${list.join(",")}]`) },
    {
      weight: 4,
      arbitrary: fc.array(fc.tuple(hostileKey, tie("any")), { maxLength: 4 }).map(objectOf),
    },
  ),
})).any;

/** An object whose members are mostly as they should be: each may be hostile, missing, or there twice. */
export function mostly(members: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<string> {
  const each = Object.entries(members).map(([name, value]) => {
    const key = quoted(name);
    return fc.oneof(
      { weight: 100, arbitrary: value.map((text) => [[key, text] as const]) },
      { weight: 2, arbitrary: hostileJson.map((text) => [[key, text] as const]) },
      { weight: 1, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.tuple(value, hostileJson).map(([a, b]) => [[key, a] as const, [key, b] as const]),
      },
    );
  });
  const more = fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(hostileKey, hostileJson), { maxLength: 2 }) },
  );
  return fc.tuple(...each, more).map((found) => objectOf(found.flat()));
}

/** A text that was damaged on its way, or not. */
export function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const at = fc.nat(1_000_000);
  const junk = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom(...'"\\{}[],:\u0000\ufeff\u00a0\n\r', "\r\n\r\n", "\u2028", "}{", "]]"),
  );
  const cut = (whole: string, i: number) => i % (whole.length + 1);
  return fc.oneof(
    { weight: 40, arbitrary: text },
    { weight: 1, arbitrary: fc.tuple(text, at).map(([whole, i]) => whole.slice(0, cut(whole, i))) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(text, at, junk)
        .map(([whole, i, more]) => whole.slice(0, cut(whole, i)) + more + whole.slice(cut(whole, i))),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(text, at, fc.nat(20)).map(([whole, i, count]) => {
        const from = cut(whole, i);
        return whole.slice(0, from) + whole.slice(from + count);
      }),
    },
    { weight: 1, arbitrary: fc.tuple(text, junk).map(([whole, more]) => more + whole + more) },
    { weight: 1, arbitrary: fc.tuple(text, at, fc.uint8Array({ maxLength: 4 })).map(overwrite) },
    { weight: 1, arbitrary: fc.oneof(hostileJson, fc.string({ unit: "binary", maxLength: 200 })) },
  );
}

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Some of its bytes are others. What then is no UTF-8 is refused before any decoder: it stays as it was. */
function overwrite([text, i, others]: [string, number, Uint8Array]): string {
  const bytes = utf8.encode(text);
  bytes.set(others.subarray(0, bytes.length), bytes.length === 0 ? 0 : i % Math.max(1, bytes.length - 4));
  try {
    return strict.decode(bytes);
  } catch {
    return text;
  }
}

/** Nearly always the one, now and then the other. */
export const seldom = <T>(common: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 6) =>
  fc.oneof({ weight, arbitrary: common }, { weight: 1, arbitrary: rare });

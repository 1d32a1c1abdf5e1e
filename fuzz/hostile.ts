import type { Random } from "../src/cli/random.ts";

/** Text of JSON that a client could, but should not, send: each piece is text already, for JavaScript cannot hold all. */
export type Piece = string;

/** A whole number from 0, below `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random.next() * end);
}

const NUMBERS: readonly [Piece, ...Piece[]] = [
  ...([
    "0",
    "-0",
    "1",
    "-1",
    "0.1",
    "79.9",
    "1e38",
    "3.5e38",
    "-3.5e38",
    "1e400",
    "-1e400",
    "1e-400",
  ] as const),
  ...["9007199254740993", "4294967296", "5e-324", "1E+2"],
];
/** What is no JSON, and so spoils a whole body. */
const NOT_JSON: readonly [Piece, ...Piece[]] = [
  "01",
  "1.",
  ".5",
  "+1",
  "NaN",
  "Infinity",
  "0x10",
  "undefined",
  "'a'",
  "\\",
];

const TEXTS: readonly [string, ...string[]] = [
  ...([
    "",
    " ",
    "null",
    "undefined",
    "NaN",
    "[object Object]",
    "true",
    "0",
    "__proto__",
    "constructor",
  ] as const),
  ...[
    "toString",
    "a/b~c",
    "..",
    ".",
    "%00",
    "\u0000",
    "\u001f",
    "\u2028",
    "\ufeff",
    "\uffff",
    "e\u0301",
    "é",
    "😀",
  ],
  ...["'; DROP TABLE head; --", "<script>alert(1)</script>", "{{7*7}}", "../../etc/passwd", "\r\nX: y"],
  ...[
    "anonymous:",
    "anonymous:x",
    "Product Viewed",
    "Order Completed",
    "Identify",
    "x".repeat(101),
    "x".repeat(257),
  ],
];

const TIMES: readonly [Piece, ...Piece[]] = [
  ...([
    '"2026-11-25T10:00:00Z"',
    '"2026-02-30T10:00:00Z"',
    '"1970-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59Z"',
  ] as const),
  ...['"2026-11-25"', '"2026-11-25T10:00:00"', '"2026-11-25t10:00:00.123456789+14:00"', '"yesterday"', '""'],
  ...["0", "-1", "1.5", "1764064800000", "1e21", "null", "true", "[]", "{}"],
];

/** Text that is odd as an id, a name or a part of a URL. */
export function hostileText(random: Random): string {
  return random.pick(TEXTS);
}

/** A string as JSON, with escapes that JavaScript's own writer would not choose. */
function textPiece(random: Random): Piece {
  const written = JSON.stringify(random.pick(TEXTS));
  if (random.chance(0.97)) return written;
  const odd: readonly [string, ...string[]] = [
    "\\ud800",
    "\\udc00\\ud800",
    "\\u0000",
    "\\u005f\\u005fproto__",
    "\\x",
    "\\",
  ];
  return `"${random.pick(odd)}${written.slice(1)}`;
}

/** Any value, some of them no JSON. */
export function valuePiece(random: Random, depth = 0): Piece {
  if (random.chance(0.01)) return random.pick(NOT_JSON);
  switch (below(random, depth > 4 ? 6 : 10)) {
    case 0:
    case 1:
      return random.pick(NUMBERS);
    case 2:
    case 3:
      return textPiece(random);
    case 4:
      return random.pick(["true", "false", "null"]);
    case 5:
      return random.pick(TIMES);
    case 6:
    case 7: {
      const count = below(random, 6);
      return `[${Array.from({ length: count }, () => valuePiece(random, depth + 1)).join(",")}]`;
    }
    case 8:
      return nested(random);
    default:
      return objectPiece(random, depth + 1);
  }
}

function objectPiece(random: Random, depth: number): Piece {
  const members = Array.from(
    { length: below(random, 6) },
    () => `${textPiece(random)}:${valuePiece(random, depth)}`,
  );
  return `{${members.join(",")}}`;
}

/** Much of one thing: deep, wide or long. */
function nested(random: Random): Piece {
  const levels = random.chance(0.02) ? 2_000 : random.pick([3, 8, 27, 33]);
  switch (below(random, 4)) {
    case 0:
      return "[".repeat(levels) + "]".repeat(levels);
    case 1:
      return `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    case 2:
      return `{${Array.from({ length: random.pick([3, 10, 250, 301]) }, (_, i) => `"k${i}":${i}`).join(",")}}`;
    default:
      return JSON.stringify("y".repeat(random.pick([10, 1_000, 31_000])));
  }
}

/** The members of an event in one of the forms, with what is good in them. */
export type Members = readonly [name: string, good: readonly [Piece, ...Piece[]]][];

/** An item whose members are mostly good; some are hostile, missing, or there twice. */
export function itemPiece(random: Random, members: Members): Piece {
  if (below(random, 40) === 0) return valuePiece(random);
  const spoil = below(random, 3) === 0 ? 0 : 6;
  const written = members.flatMap(([name, good]) => {
    const fate = below(random, 12 + spoil);
    if (fate === 0) return [];
    const value = fate < 3 ? valuePiece(random) : random.pick(good);
    return fate === 3 ? [`"${name}":${valuePiece(random)}`, `"${name}":${value}`] : [`"${name}":${value}`];
  });
  return `{${written.join(",")}}`;
}

/** Spoils a text as a whole, now and then. */
export function spoilText(random: Random, text: string): string {
  const at = below(random, text.length + 1);
  switch (below(random, 24)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return (
        text.slice(0, at) + random.pick([",", "}", "]", '"', "\\", "\u0000", "\n", "\ufeff"]) + text.slice(at)
      );
    case 2:
      return text.slice(0, at) + text.slice(at + 1);
    case 3:
      return `\ufeff${text}`;
    case 4:
      return ` \n${text}\t `;
    case 5:
      return text.repeat(2);
    default:
      return text;
  }
}

import fc from "fast-check";
import { CALLS } from "../src/events/segment-call.ts";
import { type Format, formatIn, segmentFormat } from "../src/http/formats.ts";
import { mediaType } from "../src/http/media.ts";
import {
  damaged,
  hostileJson,
  hostileKey,
  hostileNumber,
  hostileString,
  mostly,
  objectOf,
  seldom,
} from "./json.ts";

/** A body, with the headers that say how to read it. */
export interface Body {
  headers: [string, string][];
  text: string;
}

/** A decoder under test: bodies that are nearly right for it, and how many items a body that it takes holds. */
export interface Subject {
  name: string;
  bodies: fc.Arbitrary<Body>;
  formatOf: (body: Body) => Format | undefined;
  itemsIn: (text: string) => number;
}

const quoted = (text: string) => JSON.stringify(text);
const number = seldom(
  fc.oneof(
    fc.integer({ min: -5, max: 5000 }).map(String),
    fc.constantFrom("79.9", "0", "1e3", "3e38", "1e-45", "-0"),
  ),
  hostileNumber,
  40,
);
const word = fc.constantFrom("Shoes", "Books", "Juno", "p-1", "p-2", "p-3", "").map(quoted);

const content: fc.Arbitrary<string> = mostly({
  price: number,
  quantity: number,
  rating: number,
  value: number,
  category: seldom(word, hostileString, 9),
  brand: word,
  product_id: fc.oneof(word, number),
  products: fc
    .array(fc.tuple(word, number, word), { maxLength: 4 })
    .map((items) => `[${items.map(([p, n, c]) => `{"product_id":${p},"price":${n},"category":${c}}`)}]`),
});
const traits = fc
  .array(fc.tuple(fc.oneof(word, hostileKey), fc.oneof(word, number, hostileJson)), { maxLength: 4 })
  .map(objectOf);

const names = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom("Product Viewed", "Product Added", "Order Completed", "Identify", "Other"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "__proto__", "constructor", "x".repeat(128), "\u0000", "E\n\r\u2028"),
  },
);
export const users = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("ann", "ben", "cleo", "dör te/%2F", "\u0000\n", "u".repeat(256)) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
);
export const ids = fc.oneof(
  { weight: 9, arbitrary: fc.nat(1e9).map((n) => `e-${n}`) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 101 }) },
);
/** When the fuzz happens: bodies are about this time. */
export const NOW = Date.UTC(2026, 10, 25, 12);
const times = fc.oneof(
  fc.integer({ min: NOW - 40 * 86_400_000, max: NOW }).map((at) => quoted(new Date(at).toISOString())),
  fc.integer({ min: 1, max: NOW + 4e6 }).map(String),
  fc.constantFrom("null", quoted("2026-11-25T10:00+01:00"), quoted("2026-11-25t10:00:00.123456789z")),
);

const text = (value: fc.Arbitrary<string>) => value.map(quoted);

const itemMembers = {
  id: text(ids),
  event: text(names),
  timestamp: times,
  properties: content,
  traits: fc.oneof(fc.constant("null"), traits),
};
/** An event of nobody yet: its user is in the path. */
export const itemOfPath = mostly(itemMembers);
const nativeItem = mostly({
  ...itemMembers,
  userId: text(users),
  anonymousId: fc.oneof(fc.constant("null"), text(users)),
});

const cloudEvent = mostly({
  specversion: fc.constant('"1.0"'),
  id: text(ids),
  source: fc.constantFrom('"/shop"', '"a b"', '"urn:x"', quoted("s".repeat(256)), quoted("s".repeat(257))),
  type: text(names),
  subject: text(users),
  time: times.map((time) => (time.startsWith('"') ? time : "null")),
  datacontenttype: fc.constantFrom("null", '"application/json"', '"application/vnd.x+json; charset=utf-8"'),
  data: fc.oneof(
    content,
    fc
      .tuple(content, traits, text(users))
      .map(([inner, said, user]) => `{"traits":${said},"userId":${user},"x":${inner}}`),
  ),
});

const callMembers = {
  messageId: text(ids),
  userId: text(users),
  anonymousId: fc.oneof(fc.constant("null"), text(users)),
  event: text(names),
  name: hostileString,
  groupId: text(users),
  previousId: text(users),
  timestamp: times,
  originalTimestamp: times,
  properties: content,
  traits: fc.oneof(fc.constant("null"), traits),
  context: fc
    .tuple(traits, hostileJson)
    .map(([said, any]) => `{"traits":${said},"externalIds":[{"id":"1","type":"x"},${any}],"page":${any}}`),
};
const sentAt = seldom(times, hostileJson);
const segmentCall = mostly({ ...callMembers, sentAt });
const segmentItem = mostly({ ...callMembers, type: fc.constantFrom(...CALLS).map(quoted) });
const calls = listOf(segmentItem).map(array);
const segmentBatch = fc
  .tuple(calls, sentAt, callMembers.context)
  .map(([batch, sent, context]) => `{"batch":${batch},"sentAt":${sent},"context":${context},"writeKey":"x"}`);

/** 0 to 6 items; seldom so many that it is at the limit or beyond. */
function listOf(item: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  return fc.oneof(
    { weight: 300, arbitrary: fc.array(item, { maxLength: 6 }) },
    {
      weight: 1,
      arbitrary: fc.tuple(item, fc.constantFrom(100, 2_500, 2_501)).map(([one, n]) => Array(n).fill(one)),
    },
  );
}

function array(items: string[]): string {
  return `[${items.join(",")}]`;
}

const typed =
  (type: string) =>
  (text: string): Body => ({ headers: [["content-type", type]], text });
const formatOf = ({ headers }: Body) => {
  const all = new Headers(headers);
  return formatIn(all, mediaType(all.get("content-type") ?? undefined));
};

const elements = (text: string) => {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.length : 1;
};
const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "").length;

/** What HTTP lets a header hold, hostile percent-encoding included. */
const headerText = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("1.0", "ann", "e-1", "/shop", "Product Viewed", "2026-11-25T10:00:00Z"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("%FF", "%ED%A0%80", "100%", '"a\\"b"', '"', "%00", "%252F", "", "\u00fc"),
  },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom(
        ...Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i)),
        "\u00a0",
        "\u00ff",
      ),
      maxLength: 300,
    }),
  },
);
const binaryHeaders = fc
  .record(
    {
      "ce-specversion": fc.oneof(
        { weight: 9, arbitrary: fc.constant("1.0") },
        { weight: 1, arbitrary: headerText },
      ),
      "ce-id": fc.oneof(fc.nat(1e9).map(String), headerText),
      "ce-source": headerText,
      "ce-type": headerText,
      "ce-subject": headerText,
      "ce-time": headerText,
      "ce-userid": headerText,
      "ce-data": headerText,
      "ce-x": headerText,
      "content-type": fc.constantFrom(
        "application/json",
        "text/json",
        "text/plain",
        "application/x+json;charset=utf-8",
      ),
    },
    { requiredKeys: ["ce-id", "ce-specversion", "ce-source", "ce-type", "ce-subject"] },
  )
  .map((headers) => Object.entries(headers));

/** Every decoder there is. One more is one more entry here. */
export const SUBJECTS: Subject[] = [
  {
    name: "native",
    bodies: damaged(fc.oneof(nativeItem, listOf(nativeItem).map(array))).map(typed("application/json")),
    formatOf,
    itemsIn: elements,
  },
  {
    name: "ndjson",
    bodies: fc
      .tuple(
        damaged(listOf(nativeItem).map((items) => items.join("\n"))),
        fc.constantFrom("\n", "\r\n", "\n\n \n"),
      )
      .map(([text, end]) => text.replaceAll("\n", end) + end)
      .map(typed("application/x-ndjson")),
    formatOf,
    itemsIn: lines,
  },
  {
    name: "cloudevents structured",
    bodies: damaged(cloudEvent).map(typed("application/cloudevents+json")),
    formatOf,
    itemsIn: () => 1,
  },
  {
    name: "cloudevents batch",
    bodies: damaged(listOf(cloudEvent).map(array)).map(typed("application/cloudevents-batch+json")),
    formatOf,
    itemsIn: elements,
  },
  {
    name: "cloudevents binary",
    bodies: fc
      .tuple(binaryHeaders, damaged(fc.oneof(content, fc.constant(""))))
      .map(([headers, text]) => ({ headers, text })),
    formatOf,
    itemsIn: () => 1,
  },
  {
    name: "Segment batch",
    bodies: damaged(segmentBatch).map(typed("application/json")),
    formatOf: () => segmentFormat(),
    itemsIn: (body) => elements(JSON.stringify(JSON.parse(body).batch)),
  },
  ...CALLS.map(
    (call): Subject => ({
      name: `Segment ${call}`,
      bodies: damaged(segmentCall).map(typed("application/json")),
      formatOf: () => segmentFormat(call),
      itemsIn: () => 1,
    }),
  ),
];

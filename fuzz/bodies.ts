import type { Random } from "../src/cli/random.ts";
import { below, itemPiece, type Members, spoilText, valuePiece } from "./hostile.ts";

const ids = (random: Random): [string, ...string[]] => [`"e-${below(random, 40)}"`];
const USERS: [string, ...string[]] = ['"ann"', '"bob"'];
const NAMES: [string, ...string[]] = ['"Product Viewed"', '"Order Completed"', '"Product Added"', '"Other"'];
const TIMES: [string, ...string[]] = [
  '"2026-11-25T10:00:00Z"',
  "1764064800000",
  '"2026-11-24T10:00:00.5+01:00"',
];

const properties = (random: Random): [string, ...string[]] => [
  `{"product_id":"p-${below(random, 9)}","category":"Shoes","price":79.9,"value":${below(random, 99)}}`,
  `{"products":[{"product_id":"p-1","price":3,"quantity":2},${valuePiece(random)}],"value":6}`,
  `{"category":${valuePiece(random)},"price":${valuePiece(random)},"rating":${valuePiece(random)}}`,
];
const traits = (random: Random): [string, ...string[]] => [
  '{"plan":"pro"}',
  `{"t${below(random, 200)}":${valuePiece(random)}}`,
];

const native = (random: Random): Members => [
  ["id", ids(random)],
  ["userId", USERS],
  ["anonymousId", ['"device-1"', "null"]],
  ["event", NAMES],
  ["timestamp", TIMES],
  ["properties", properties(random)],
  ["traits", traits(random)],
];

const cloudEvent = (random: Random): Members => [
  ["specversion", ['"1.0"']],
  ["id", ids(random)],
  ["source", ['"/shop"']],
  ["type", NAMES],
  ["subject", USERS],
  ["time", ['"2026-11-25T10:00:00Z"']],
  ["datacontenttype", ['"application/json"']],
  ["data", properties(random)],
];

const call = (random: Random): Members => [
  ["type", ['"track"', '"identify"', '"page"', '"screen"', '"group"', '"alias"']],
  ["messageId", ids(random)],
  ["userId", USERS],
  ["anonymousId", ['"device-1"']],
  ["event", NAMES],
  ["previousId", ['"device-2"']],
  ["groupId", ['"g"']],
  ["timestamp", TIMES],
  ["originalTimestamp", TIMES],
  ["sentAt", TIMES],
  ["properties", properties(random)],
  ["traits", traits(random)],
  ["context", ['{"traits":{"plan":"pro"},"externalIds":[{"id":"1","type":"x"}]}', valuePiece(random)]],
];

const batch = (random: Random): Members => [
  ["batch", [arrayOf(random, call)]],
  ["sentAt", TIMES],
  ["context", ['{"traits":{"plan":"pro"}}', valuePiece(random)]],
  ["writeKey", ['"a key of nobody"']],
];

function arrayOf(random: Random, members: (random: Random) => Members): string {
  return `[${Array.from({ length: below(random, 4) }, () => itemPiece(random, members(random))).join(",")}]`;
}

/** A body of each form in which events come, by its media type. */
export const BODIES = {
  native: (random: Random) =>
    spoilText(random, below(random, 2) === 0 ? itemPiece(random, native(random)) : arrayOf(random, native)),
  ndjson: (random: Random) =>
    spoilText(
      random,
      Array.from({ length: below(random, 4) }, () => itemPiece(random, native(random))).join(
        random.pick(["\n", "\r\n", "\n\n"]),
      ),
    ),
  cloudEvent: (random: Random) => spoilText(random, itemPiece(random, cloudEvent(random))),
  cloudEventBatch: (random: Random) => spoilText(random, arrayOf(random, cloudEvent)),
  segmentCall: (random: Random) => spoilText(random, itemPiece(random, call(random))),
  segmentBatch: (random: Random) => spoilText(random, itemPiece(random, batch(random))),
} as const;

export type Form = keyof typeof BODIES;

import { createHash } from "node:crypto";
import type { Json, JsonObject } from "./event.ts";
import type { Fault } from "./inspect.ts";
import { stampOf, timeOf } from "./segment-time.ts";
import { ANONYMOUS, isObject, isProfileId, reject, type Validated, validate } from "./validate.ts";

/** The kinds of calls: each is a route, and the `type` of an item of a batch. */
export const CALLS = ["identify", "track", "page", "screen", "group", "alias"] as const;

export type Call = (typeof CALLS)[number];

/** What the names of events are made of that are not named by the caller. */
const NAMES = {
  identify: "Identify",
  page: "Page Viewed",
  screen: "Screen Viewed",
  group: "Group",
  alias: "Alias",
} as const;

/**
 * Decides one call, of a `batch` whose members it may lean on ({} for a call that came alone).
 *
 * | call | event | properties | traits |
 * |---|---|---|---|
 * | track | its `event` | its properties | `context.traits` |
 * | identify | Identify | | its traits, else `context.traits` |
 * | page, screen | Page Viewed, Screen Viewed | its properties, `name`, `category` | `context.traits` |
 * | group | Group | its traits, which are the group's, and `groupId` | `context.traits` |
 * | alias | Alias | `previousId` | `context.traits` |
 *
 * Of the context only the traits and, as the property `context`, the `externalIds` are kept: nothing in a profile comes
 * of the rest, and it is most of what browsers send.
 */
export function decideCall(
  item: Json,
  type: Json | undefined,
  batch: JsonObject,
  index: number,
  receivedAt: number,
): Validated {
  const call = CALLS.find((name) => name === type);
  if (!isObject(item)) return validate(item, index, receivedAt);
  if (call === undefined) return reject(item, index, TYPE_INVALID);
  const context = contextOf(item, batch);
  const { properties, fault } = propertiesOf(call, item, context);
  if (fault !== undefined) return reject(item, index, fault);

  const { userId = null, anonymousId = null } = item;
  const event = call === "track" ? (item.event ?? "") : NAMES[call];
  const traits = traitsOf(call, item, context);
  const said = { userId, anonymousId, event, properties, traits };
  const time = timeOf(item, batch, receivedAt);
  const messageId =
    item.messageId ?? madeId(said, typeof time === "number" ? stampOf(item, batch) : null, receivedAt, index);
  const decided = validate({ messageId, ...said, timestamp: time }, index, receivedAt);
  if (!decided.ok) {
    const { pointer } = decided.rejection;
    return { ok: false, rejection: { ...decided.rejection, pointer: placeOf(call, item, pointer) } };
  }
  const alias = aliasOf(call, item);
  return alias === undefined || alias === decided.event.user ? decided : { ...decided, alias };
}

/** What is read of a call's context: of what it does not say itself, what the batch says for all. */
function contextOf(item: JsonObject, batch: JsonObject): JsonObject {
  const own = toObject(item.context);
  const shared = toObject(batch.context);
  const { traits = shared.traits ?? null, externalIds = shared.externalIds ?? null } = own;
  return { traits, externalIds };
}

function propertiesOf(
  call: Call,
  item: JsonObject,
  context: JsonObject,
): { properties: Json; fault?: Fault } {
  const given = item.properties ?? {};
  const externalIds = externalIdsOf(context);
  const kept = externalIds.length === 0 ? {} : { context: { externalIds } };
  switch (call) {
    case "track":
      return { properties: isObject(given) && externalIds.length > 0 ? { ...kept, ...given } : given };
    case "identify":
      return { properties: kept };
    case "page":
    case "screen": {
      const { name, category } = item;
      const named = { ...(isSaid(name) ? { name } : {}), ...(isSaid(category) ? { category } : {}) };
      return { properties: isObject(given) ? { ...kept, ...named, ...given } : given };
    }
    case "group": {
      const { groupId = null } = item;
      const traits = item.traits ?? {};
      if (typeof groupId !== "string" || !isProfileId(groupId))
        return { properties: {}, fault: GROUP_INVALID };
      return { properties: isObject(traits) ? { ...kept, ...traits, groupId } : traits };
    }
    case "alias": {
      const { previousId = null } = item;
      if (typeof previousId !== "string" || !isProfileId(previousId))
        return { properties: {}, fault: PREVIOUS_INVALID };
      return { properties: { ...kept, previousId } };
    }
  }
}

/** What the user declares with a call. A group's traits are not the user's. */
function traitsOf(call: Call, item: JsonObject, context: JsonObject): Json {
  const own = call === "identify" ? item.traits : undefined;
  return own ?? context.traits ?? null;
}

/** The profile that a call says was its user's all along, by its id. */
function aliasOf(call: Call, { userId, anonymousId, previousId }: JsonObject): string | undefined {
  const before = call === "alias" ? previousId : call === "identify" ? anonymousId : undefined;
  if (typeof before !== "string" || !isProfileId(before) || typeof userId !== "string") return undefined;
  return before.startsWith(ANONYMOUS) ? before : ANONYMOUS + before;
}

const EXTERNAL_IDS = 8;
const EXTERNAL_ID_LENGTH = 256;

/** The first few of what other systems call the user; what is none is left out. */
function externalIdsOf(context: JsonObject): JsonObject[] {
  if (!Array.isArray(context.externalIds)) return [];
  return context.externalIds.slice(0, EXTERNAL_IDS).flatMap((entry) => {
    if (!isObject(entry)) return [];
    const { id, type, collection, encoding } = entry;
    if (!isShort(id) || !isShort(type)) return [];
    const more = { ...(isShort(collection) && { collection }), ...(isShort(encoding) && { encoding }) };
    return [{ id, type, ...more }];
  });
}

/**
 * The id of a call that has none, by what it says: sent again, it is the same call. One that tells no time either
 * cannot be told from its like: it gets an id by its receipt, so that none is lost.
 */
function madeId(said: JsonObject, stamp: Json | undefined, receivedAt: number, index: number): string {
  const when = stamp === undefined ? [receivedAt, index] : stamp;
  return `made-${createHash("sha256")
    .update(JSON.stringify([said, when]))
    .digest("hex")
    .slice(0, 32)}`;
}

/** Where in the call a member of the event came from. */
function placeOf(call: Call, item: JsonObject, pointer: string): string {
  const [, first = "", rest = ""] = /^(\/[^/]*)(.*)$/.exec(pointer) ?? [];
  switch (first) {
    case "/properties":
      return (call === "group" ? "/traits" : first) + rest;
    case "/traits":
      return (call === "identify" && isSaid(item.traits) ? first : "/context/traits") + rest;
    case "/timestamp":
      return isSaid(item.originalTimestamp) && !isSaid(item.timestamp) ? "/originalTimestamp" : first;
    default:
      return pointer;
  }
}

/** The object, or an empty one in place of anything else. */
export function toObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isSaid(value: Json | undefined): value is Json {
  return value !== undefined && value !== null;
}

function isShort(value: Json | undefined): value is string {
  return (
    typeof value === "string" &&
    value.length >= 1 &&
    value.length <= EXTERNAL_ID_LENGTH &&
    value.isWellFormed()
  );
}

const TYPE_INVALID: Fault = {
  code: "type-invalid",
  pointer: "/type",
  detail: `The type is none of ${CALLS.join(", ")}: name the call.`,
};
const GROUP_INVALID: Fault = {
  code: "group-invalid",
  pointer: "/groupId",
  detail: "The groupId is not a string of 1 to 256 characters: send the group's id.",
};
const PREVIOUS_INVALID: Fault = {
  code: "previous-id-invalid",
  pointer: "/previousId",
  detail: "The previousId is not a string of 1 to 256 characters: send the id that the user had before.",
};

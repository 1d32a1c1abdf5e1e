import type { Event, Json, JsonObject, Rejection } from "./event.ts";
import { type Fault, inspect } from "./inspect.ts";
import { EVENT_BYTES, FUTURE_MS, ID_LENGTH, NAME_LENGTH, USER_LENGTH } from "./limits.ts";
import { parseTime } from "./time.ts";

/** An item of a request, decided; with the anonymous profile that the event says was its user's all along. */
export type Validated = { ok: true; event: Event; alias?: string } | { ok: false; rejection: Rejection };

/** What profile ids of users without a `userId` start with. */
export const ANONYMOUS = "anonymous:";

/** The name of an event that only declares who its user is. */
const IDENTIFY = "Identify";

/**
 * Decides one item of a request: `{id, userId | anonymousId, event, timestamp?, properties?, traits?}`,
 * `messageId` being another name of `id`. One that has traits, or is an `Identify`, and names both a user and an
 * anonymous one says that they are the same. Other members are allowed and not kept; an optional member that is
 * null counts as absent. The event holds the objects of the item, not copies, with -0 replaced by 0.
 *
 * Never throws. The size of the item is the decoder's to check: it has the text.
 */
export function validate(item: Json, index: number, receivedAt: number): Validated {
  if (!isObject(item)) return reject(item, index, NOT_AN_OBJECT);
  const unfit = inspect(item);
  if (unfit !== undefined) return reject(item, index, unfit);

  const id = readId(item);
  if (typeof id !== "string") return reject(item, index, id);
  const user = readUser(item);
  if (typeof user !== "string") return reject(item, index, user);
  const name = readName(item);
  if (typeof name !== "string") return reject(item, index, name);
  const time = readTime(item, receivedAt);
  if (typeof time !== "number") return reject(item, index, time);

  const properties = item.properties ?? {};
  if (!isObject(properties)) return reject(item, index, PROPERTIES_INVALID);
  const traits = item.traits ?? undefined;
  if (traits === undefined && name !== IDENTIFY) {
    return { ok: true, event: { id, user, name, time, receivedAt, properties } };
  }
  const alias = readAlias(item);
  const said = alias === undefined ? {} : { alias };
  if (traits === undefined)
    return { ok: true, event: { id, user, name, time, receivedAt, properties }, ...said };
  if (!isObject(traits)) return reject(item, index, TRAITS_INVALID);
  return { ok: true, event: { id, user, name, time, receivedAt, properties, traits }, ...said };
}

/** The rejection of an item, with its id when that can be read. */
export function reject(item: Json, index: number, fault: Fault): Validated {
  const { code, pointer, detail } = fault;
  const id = isObject(item) ? (item.id ?? item.messageId) : undefined;
  if (typeof id !== "string" || !isId(id) || !id.isWellFormed()) {
    return { ok: false, rejection: { index, code, pointer, detail } };
  }
  return { ok: false, rejection: { index, id, code, pointer, detail } };
}

/** Whether a profile can have this id: whatever is asked for another has no profile. */
export function isProfileId(id: string): boolean {
  return id.startsWith(ANONYMOUS) ? isUserText(id.slice(ANONYMOUS.length)) : isUserText(id);
}

function readId(item: JsonObject): string | Fault {
  const key = item.id === undefined || item.id === null ? "messageId" : "id";
  const id = item[key] ?? undefined;
  if (id === undefined) return ID_MISSING;
  return typeof id === "string" && isId(id) ? id : at(key, ID_INVALID);
}

function readUser(item: JsonObject): string | Fault {
  const user = item.userId ?? undefined;
  if (user !== undefined) {
    if (typeof user !== "string" || !isUserText(user)) return at("userId", USER_INVALID);
    return user.startsWith(ANONYMOUS) ? USER_RESERVED : user;
  }
  const anonymous = item.anonymousId ?? undefined;
  if (anonymous === undefined) return USER_MISSING;
  if (typeof anonymous !== "string" || !isUserText(anonymous)) return at("anonymousId", USER_INVALID);
  return ANONYMOUS + anonymous;
}

/** The anonymous profile of an item that identifies: it names a user as well. */
function readAlias({ userId, anonymousId }: JsonObject): string | undefined {
  if (typeof userId !== "string" || typeof anonymousId !== "string") return undefined;
  return isUserText(anonymousId) ? ANONYMOUS + anonymousId : undefined;
}

function readName(item: JsonObject): string | Fault {
  const name = item.event ?? undefined;
  if (name === undefined) return isObject(item.traits ?? null) ? IDENTIFY : NAME_MISSING;
  return typeof name === "string" && name.length >= 1 && name.length <= NAME_LENGTH ? name : NAME_INVALID;
}

function readTime(item: JsonObject, receivedAt: number): number | Fault {
  const timestamp = item.timestamp ?? undefined;
  if (timestamp === undefined) return receivedAt;
  const time = typeof timestamp === "string" ? parseTime(timestamp) : timestamp;
  if (typeof time !== "number" || !Number.isSafeInteger(time)) return TIME_INVALID;
  if (time <= 0) return TIME_TOO_EARLY;
  return time <= receivedAt + FUTURE_MS ? time : TIME_IN_FUTURE;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(id: string): boolean {
  return id.length >= 1 && id.length <= ID_LENGTH;
}

/** What clients send as text when they have no id: it would merge the lives of strangers into one profile. */
function isUserText(user: string): boolean {
  switch (user) {
    case "":
    case "null":
    case "undefined":
    case "NaN":
    case "[object Object]":
      return false;
    default:
      return user.length <= USER_LENGTH;
  }
}

function at(key: string, { code, detail }: { code: string; detail: string }): Fault {
  return { code, pointer: `/${key}`, detail };
}

/** Of an item whose JSON is larger than `EVENT_BYTES`. */
export const EVENT_TOO_LARGE: Fault = {
  code: "event-too-large",
  pointer: "",
  detail: `The event is larger than ${EVENT_BYTES} bytes of JSON: send less with it, or several events.`,
};
const NOT_AN_OBJECT: Fault = {
  code: "event-not-object",
  pointer: "",
  detail: "An event is a JSON object with id, userId or anonymousId, and event.",
};
const ID_MISSING: Fault = {
  code: "id-missing",
  pointer: "",
  detail:
    "There is no id: give each event its own, the same when it is sent again, so that it is applied once.",
};
const ID_INVALID = {
  code: "id-invalid",
  detail: `The id is not a string of 1 to ${ID_LENGTH} characters: a UUID does well.`,
};
const USER_MISSING: Fault = {
  code: "user-missing",
  pointer: "",
  detail: "There is neither a userId nor an anonymousId: send one of them.",
};
const USER_INVALID = {
  code: "user-invalid",
  detail: `A user's id is a string of 1 to ${USER_LENGTH} characters, and not "null" or the like: send the real id.`,
};
const USER_RESERVED: Fault = {
  code: "user-reserved",
  pointer: "/userId",
  detail: `A userId does not start with "${ANONYMOUS}": send what follows as the anonymousId.`,
};
const NAME_MISSING: Fault = {
  code: "name-missing",
  pointer: "",
  detail: "There is no event: name what happened; only with traits it may be left out.",
};
const NAME_INVALID: Fault = {
  code: "name-invalid",
  pointer: "/event",
  detail: `The event is not a string of 1 to ${NAME_LENGTH} characters: name what happened, as in "Cart Viewed".`,
};
const TIME_INVALID: Fault = {
  code: "time-invalid",
  pointer: "/timestamp",
  detail:
    "The timestamp is no time: send ISO 8601 with a zone, such as 2026-11-25T13:30:00Z, or whole ms since 1970.",
};
const TIME_TOO_EARLY: Fault = {
  code: "time-too-early",
  pointer: "/timestamp",
  detail: "The timestamp is not after 1970-01-01T00:00:00Z: send when it happened, or leave it out.",
};
const TIME_IN_FUTURE: Fault = {
  code: "time-in-future",
  pointer: "/timestamp",
  detail:
    "The timestamp is more than an hour ahead: correct the clock, or leave it out for the time of receipt.",
};
const PROPERTIES_INVALID: Fault = {
  code: "properties-invalid",
  pointer: "/properties",
  detail: "The properties are not a JSON object: send an object, or leave them out.",
};
const TRAITS_INVALID: Fault = {
  code: "traits-invalid",
  pointer: "/traits",
  detail: "The traits are not a JSON object: send an object, or leave them out.",
};

import { Buffer, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { type Decoded, refuseCount } from "./decoded.ts";
import type { Json, JsonObject } from "./event.ts";
import type { Fault } from "./inspect.ts";
import { fits, parseJson } from "./json.ts";
import { EVENT_BYTES, ID_LENGTH, SOURCE_LENGTH } from "./limits.ts";
import { EVENT_TOO_LARGE, isObject, reject, type Validated, validate } from "./validate.ts";

/** Decodes a CloudEvent 1.0 in structured mode: one object with its attributes and `data`. */
export function decodeCloudEvent(text: string, receivedAt: number): Decoded {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  if (!isObject(parsed.value)) {
    const detail =
      "The body is no CloudEvent: send an object, or an array as application/cloudevents-batch+json.";
    return { ok: false, code: "body-not-events", detail };
  }
  const small = fits(text, 0, text.length, EVENT_BYTES);
  return { ok: true, items: [decide(parsed.value, 0, small, receivedAt)] };
}

/** Decodes a batch: an array of CloudEvents in structured mode. */
export function decodeCloudEventBatch(text: string, receivedAt: number): Decoded {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const { value, edges } = parsed;
  if (!Array.isArray(value)) {
    const detail = "The body is no array of CloudEvents: send one alone as application/cloudevents+json.";
    return { ok: false, code: "body-not-events", detail };
  }
  const refused = refuseCount(value.length);
  if (refused !== undefined) return refused;
  const items = value.map((item, i) => {
    const small = fits(text, edges[i] ?? 0, (edges[i + 1] ?? text.length) - 1, EVENT_BYTES);
    return decide(item, i, small, receivedAt);
  });
  return { ok: true, items };
}

/**
 * Decides one CloudEvent. Its `type` is the event's name, its `time`, or else that of receipt, the event's time, `data`
 * the properties, but for an object `traits` in it, which are the user's. Whose it is: see {@link userOf}.
 */
function decide(item: Json, index: number, small: boolean, receivedAt: number): Validated {
  if (!small) return reject(item, index, EVENT_TOO_LARGE);
  if (!isObject(item)) return reject(item, index, NOT_AN_OBJECT);
  if (item.specversion !== "1.0") return reject(item, index, SPECVERSION);
  const { id, source, type } = item;
  if (!isText(source)) return reject(item, index, required("source"));
  if (source.length > SOURCE_LENGTH) return reject(item, index, SOURCE_TOO_LONG);
  if (!isText(id)) return reject(item, index, required("id"));
  const identity = eventId(source, id);
  if (!isText(type)) return reject({ id: identity }, index, required("type"));
  const read = readData(item);
  if (!read.ok) return reject({ id: identity }, index, read.fault);

  const user = userOf(item, read.value);
  const native: JsonObject = {
    id: identity,
    // Not kept, but looked at: half of a surrogate pair would be hidden where the id is a hash.
    messageId: id,
    source,
    ...user.members,
    event: type,
    timestamp: timeOf(item.time ?? null),
    ...contentOf(read.value),
  };
  const decided = validate(native, index, receivedAt);
  if (decided.ok) {
    decided.event.source = source;
    return decided;
  }
  const { pointer } = decided.rejection;
  return { ok: false, rejection: { ...decided.rejection, pointer: pointerInto(pointer, user.from) } };
}

/**
 * One id of `source` and `id`, which only together name a CloudEvent. No two pairs have the same: a source is a URI
 * reference, which has no space; where it has one, or the two are too long for an id, a hash takes their place.
 */
function eventId(source: string, id: string): string {
  const joined = `${source} ${id}`;
  if (joined.length <= ID_LENGTH && !source.includes(" ")) return joined;
  return `sha256:${createHash("sha256")
    .update(JSON.stringify([source, id]))
    .digest("base64url")}`;
}

/** A time by RFC 3339, which knows no numbers, and takes t and z in lower case as well. */
function timeOf(time: Json): Json {
  return typeof time === "string" ? time.toUpperCase() : typeof time === "number" ? String(time) : time;
}

/** Members of a native event that say whose it is, and the pointers to where they stand in the CloudEvent. */
interface User {
  members: { userId?: Json; anonymousId?: Json };
  from: Record<string, string>;
}

/**
 * Whose a CloudEvent is. The first that is there counts: the extension attributes `userid` or `anonymousid`; `userId` or
 * `anonymousId` of the data; the `subject`, as a user's id.
 */
function userOf(item: JsonObject, data: Json): User {
  const { userid = null, anonymousid = null, subject = null } = item;
  if (userid !== null || anonymousid !== null) {
    const from = { "/userId": "/userid", "/anonymousId": "/anonymousid" };
    return { members: { userId: userid, anonymousId: anonymousid }, from };
  }
  const { userId = null, anonymousId = null } = isObject(data) ? data : {};
  if (userId !== null || anonymousId !== null) {
    const from = { "/userId": "/data/userId", "/anonymousId": "/data/anonymousId" };
    return { members: { userId, anonymousId }, from };
  }
  return { members: { userId: subject }, from: { "/userId": "/subject" } };
}

/** The members of a native event that say whose a CloudEvent is, whether or not it can be taken. */
export function userMembers(item: JsonObject): User["members"] {
  const data = readData(item);
  return userOf(item, data.ok ? data.value : null).members;
}

/** The data of a CloudEvent, null without any; JSON in `data_base64` is decoded. */
function readData(item: JsonObject): { ok: true; value: Json } | { ok: false; fault: Fault } {
  const { datacontenttype = null, data = null, data_base64: encoded = null } = item;
  if (data === null && encoded === null) return { ok: true, value: null };
  if (datacontenttype !== null && !isJsonType(datacontenttype)) return { ok: false, fault: DATA_TYPE };
  if (encoded === null) return { ok: true, value: data };
  if (data !== null || typeof encoded !== "string" || !BASE64.test(encoded)) {
    return { ok: false, fault: DATA_BASE64 };
  }
  const bytes = Buffer.from(encoded, "base64");
  const parsed = isUtf8(bytes) ? parseJson(bytes.toString("utf8")) : undefined;
  return parsed?.ok ? { ok: true, value: parsed.value } : { ok: false, fault: DATA_BASE64 };
}

/** Whether a media type is one of JSON: `application/json`, `text/json`, `application/vnd.shop.order+json`. */
export function isJsonType(type: Json): boolean {
  return typeof type === "string" && /^[\w.+-]+\/([\w.+-]+\+)?json\s*(;|$)/i.test(type.trim());
}

/** Properties and traits of data; what is no object is left to `validate` to refuse. */
function contentOf(data: Json): JsonObject {
  if (!isObject(data) || !isObject(data.traits ?? null)) return { properties: data };
  const { traits = null, ...properties } = data;
  return { properties, traits };
}

/** Where what `validate` found fault with stands in the CloudEvent. */
function pointerInto(pointer: string, from: User["from"]): string {
  const [, member = "", rest = ""] = /^(\/[^/]*)(.*)$/s.exec(pointer) ?? [];
  return (from[member] ?? PLACES[member] ?? member) + rest;
}

const PLACES: Record<string, string> = {
  "/messageId": "/id",
  "/event": "/type",
  "/timestamp": "/time",
  "/properties": "/data",
  "/traits": "/data/traits",
};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function isText(value: Json | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function required(name: string): Fault {
  const detail = `A CloudEvent has the attribute ${name}, a string that is not empty: send it.`;
  return { code: "cloudevent-incomplete", pointer: `/${name}`, detail };
}

const NOT_AN_OBJECT: Fault = {
  code: "event-not-object",
  pointer: "",
  detail: "A CloudEvent is a JSON object with specversion, id, source and type.",
};
const SPECVERSION: Fault = {
  code: "specversion-unsupported",
  pointer: "/specversion",
  detail: 'The specversion is not "1.0": send CloudEvents 1.0.',
};
const SOURCE_TOO_LONG: Fault = {
  code: "source-invalid",
  pointer: "/source",
  detail: `The source is longer than ${SOURCE_LENGTH} characters: send a shorter one.`,
};
const DATA_TYPE: Fault = {
  code: "datacontenttype-unsupported",
  pointer: "/datacontenttype",
  detail: "The data is not JSON by its datacontenttype: send a JSON object as application/json.",
};
const DATA_BASE64: Fault = {
  code: "data-base64-invalid",
  pointer: "/data_base64",
  detail: "The data_base64 is not JSON in UTF-8, in base64 and without data beside it: send data instead.",
};

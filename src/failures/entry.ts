import { Buffer } from "node:buffer";
import { userMembers } from "../events/cloudevents.ts";
import type { Json } from "../events/event.ts";
import { parseJson } from "../events/json.ts";
import { EVENT_BYTES, USER_LENGTH } from "../events/limits.ts";
import { ANONYMOUS } from "../events/validate.ts";

/** What is kept of a text that is too large to be an event; every other is kept whole, so that it can be replayed. */
export const TRUNCATED_BYTES = 8 * 1024;

/** As much of an item's text as is kept. */
export function keptText(text: string): { text: string; truncated: boolean } {
  if (text.length <= EVENT_BYTES && Buffer.byteLength(text) <= EVENT_BYTES) return { text, truncated: false };
  const start = Buffer.from(text.slice(0, TRUNCATED_BYTES)).subarray(0, TRUNCATED_BYTES);
  // As of a stream that goes on: a character that is cut in two is left out.
  return { text: new TextDecoder().decode(start, { stream: true }), truncated: true };
}

/**
 * The id of the profile that an item was meant for, read as kindly as can be: what is kept of a user must be found
 * when it is to be deleted.
 */
export function userOf(text: string): string | undefined {
  const parsed = parseJson(text);
  const item: Json = parsed.ok ? parsed.value : null;
  if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined;
  // An event of our own form may have a member of that name.
  return item.specversion === undefined ? profileIn(item) : (profileIn(userMembers(item)) ?? profileIn(item));
}

function profileIn({ userId, anonymousId }: { userId?: Json; anonymousId?: Json }): string | undefined {
  const user = idOf(userId);
  if (user !== undefined) return user;
  const anonymous = idOf(anonymousId);
  return anonymous === undefined ? undefined : ANONYMOUS + anonymous;
}

function idOf(value: Json | undefined): string | undefined {
  if (typeof value === "number") return String(value);
  const isId = typeof value === "string" && value.length >= 1 && value.length <= USER_LENGTH;
  return isId && value.isWellFormed() ? value : undefined;
}

import { Buffer } from "node:buffer";
import { type Decoded, refuseCount } from "./decoded.ts";
import type { Json } from "./event.ts";
import { fits, parseJson } from "./json.ts";
import { BODY_BYTES, BODY_DEPTH, EVENT_BYTES } from "./limits.ts";
import { type Call, decideCall, toObject } from "./segment-call.ts";
import { callTexts } from "./segment-text.ts";
import { EVENT_TOO_LARGE, isObject, reject } from "./validate.ts";

/** Of a batch, so that each call in it may be as deep as one that comes alone: it is in an array in an object. */
const BATCH_DEPTH = BODY_DEPTH + 2;
/** Of a batch that holds what was kept of a call: what that leaned on stands in it, and deeper than before. */
export const KEPT_DEPTH = BATCH_DEPTH + 2;

/**
 * Decodes what Segment's clients send: one call, whose kind the route says, or without `call` a batch,
 * `{batch: [{type, …}], context?, sentAt?, timestamp?}`. What the batch says for all, an item may say for itself.
 * How a call becomes an event: `segment-call.ts`. The `integrations` are not read: there is nowhere to send events on to.
 */
export function decodeSegment(
  text: string,
  receivedAt: number,
  call?: Call,
  depth = call === undefined ? BATCH_DEPTH : BODY_DEPTH,
): Decoded {
  const parsed = parseJson(text, depth);
  if (!parsed.ok) return parsed;
  const body = parsed.value;
  if (!isObject(body)) return NO_CALL;
  if (call !== undefined) {
    const isLarge = findLarge(text, 1, call);
    const item = isLarge(0) ? reject(body, 0, EVENT_TOO_LARGE) : decideCall(body, call, {}, 0, receivedAt);
    return { ok: true, items: [item] };
  }

  const { batch } = body;
  if (!Array.isArray(batch)) return NO_BATCH;
  const refused = refuseCount(batch.length);
  if (refused !== undefined) return refused;
  const { traits, externalIds } = toObject(body.context);
  const leant = bytesOf(traits) + bytesOf(externalIds);
  if ((leant + bytesOf(body.sentAt) + bytesOf(body.timestamp)) * batch.length > BODY_BYTES)
    return SHARED_TOO_LARGE;
  const isLarge = findLarge(text, batch.length);
  const items = batch.map((item, index) =>
    isLarge(index)
      ? reject(item, index, EVENT_TOO_LARGE)
      : decideCall(item, isObject(item) ? item.type : undefined, body, index, receivedAt),
  );
  return { ok: true, items };
}

/** The write key that a body names, of one call or of a batch. */
export function writeKeyIn(text: string): string | undefined {
  const parsed = parseJson(text, BATCH_DEPTH);
  const key = parsed.ok && isObject(parsed.value) ? parsed.value.writeKey : undefined;
  return typeof key === "string" ? key : undefined;
}

/** The size of what each call of a batch may lean on: it counts for each of them, as if it had been sent with it. */
function bytesOf(shared: Json | undefined): number {
  return shared === undefined ? 0 : Buffer.byteLength(JSON.stringify(shared));
}

/** What standing alone can add to a call: its type, and around what it leaned on for. */
const ALONE_BYTES = 100;

/**
 * Which of a body's calls are larger than an event may be: by what would be kept of each, so that one that is tried again
 * is decided alike. Most bodies are smaller than that altogether.
 */
function findLarge(text: string, count: number, call?: Call): (index: number) => boolean {
  if (fits(text, 0, text.length, EVENT_BYTES - ALONE_BYTES)) return () => false;
  const texts = callTexts(
    text,
    Array.from({ length: count }, (_, index) => index),
    call,
  );
  return (index) => {
    const kept = texts[index] ?? "";
    return !fits(kept, 0, kept.length, EVENT_BYTES);
  };
}

const NO_CALL: Decoded = { ok: false, code: "body-not-events", detail: "The body is no JSON object." };
const NO_BATCH: Decoded = {
  ok: false,
  code: "body-not-events",
  detail: "The body has no batch: send an object with an array of calls as its batch.",
};
const SHARED_TOO_LARGE: Decoded = {
  ok: false,
  code: "body-too-large",
  detail: `What the batch says for all of its calls, said by each of them, is larger than ${BODY_BYTES} bytes.`,
};

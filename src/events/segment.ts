import { Buffer } from "node:buffer";
import { type Decoded, refuseCount } from "./decoded.ts";
import type { Json } from "./event.ts";
import { elementTexts, fits, memberTexts, parseJson } from "./json.ts";
import { BODY_BYTES, BODY_DEPTH, EVENT_BYTES } from "./limits.ts";
import { type Call, decideCall, toObject } from "./segment-call.ts";
import { EVENT_TOO_LARGE, isObject, reject } from "./validate.ts";

/** An event in an array in an object. */
const BATCH_DEPTH = BODY_DEPTH + 1;

/**
 * Decodes what Segment's clients send: one call, whose kind the route says, or without `call` a batch,
 * `{batch: [{type, …}], context?, sentAt?, timestamp?}`. What the batch says for all, an item may say for itself.
 * How a call becomes an event: `segment-call.ts`. The `integrations` are not read: there is nowhere to send events on to.
 */
export function decodeSegment(text: string, receivedAt: number, call?: Call): Decoded {
  const parsed = parseJson(text, BATCH_DEPTH);
  if (!parsed.ok) return parsed;
  const body = parsed.value;
  if (!isObject(body)) return NO_CALL;
  if (call !== undefined) {
    const small = fits(text, 0, text.length, EVENT_BYTES);
    const item = small ? decideCall(body, call, {}, 0, receivedAt) : reject(body, 0, EVENT_TOO_LARGE);
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
  const isLarge = findLarge(text, EVENT_BYTES - leant);
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

/** Whether an item of a batch is larger than `limit`. Most batches are smaller than what an event may be. */
function findLarge(text: string, limit: number): (index: number) => boolean {
  if (fits(text, 0, text.length, EVENT_BYTES)) return () => false;
  const texts = elementTexts(memberTexts(text).get("batch") ?? "[]");
  return (index) => {
    const item = texts[index] ?? "";
    return !fits(item, 0, item.length, limit);
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

import type { Json, JsonObject } from "./event.ts";
import { FUTURE_MS } from "./limits.ts";
import { parseTime } from "./time.ts";

/**
 * When a call of a `batch` ({} for one that came alone) happened, in ms; or what it says of that, as it is, where that is
 * no time. The clock of a device may be wrong by years, but a call is stamped and sent by the same clock: it happened as
 * long before its receipt as it was stamped before it was sent, `receivedAt - (sentAt - originalTimestamp)` (Segment,
 * "Spec: Common Fields").
 *
 * - Without `sentAt`, or with one that is no time, the stamp itself counts.
 * - So it does when the corrected time is none that an event can have: the clock was set in between, or `sentAt` is mad.
 * - A `timestamp` next to an `originalTimestamp` is not corrected: it was already, or is what the caller stated of the
 *   past (RudderStack's processor does the same).
 */
export function timeOf(call: JsonObject, batch: JsonObject, receivedAt: number): Json {
  const stamp = stampOf(call, batch);
  if (stamp === undefined) return receivedAt;
  const stampedAt = toMs(stamp);
  if (Number.isNaN(stampedAt)) return stamp;
  if (isGiven(call.timestamp) && isGiven(call.originalTimestamp)) return stampedAt;
  const corrected = receivedAt - (toMs(call.sentAt ?? batch.sentAt) - stampedAt);
  return corrected > 0 && corrected <= receivedAt + FUTURE_MS ? corrected : stampedAt;
}

/** What a call, or its batch, states as its time. */
export function stampOf(call: JsonObject, batch: JsonObject): Json | undefined {
  return call.timestamp ?? call.originalTimestamp ?? batch.timestamp ?? undefined;
}

/** NaN for what is no time. */
function toMs(time: Json | undefined): number {
  const ms = typeof time === "string" ? parseTime(time) : time;
  return typeof ms === "number" && Number.isSafeInteger(ms) ? ms : Number.NaN;
}

function isGiven(value: Json | undefined): boolean {
  return value !== undefined && value !== null;
}

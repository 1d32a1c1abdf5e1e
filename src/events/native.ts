import { type Decoded, refuseCount } from "./decoded.ts";
import { fits, parseJson } from "./json.ts";
import { EVENT_BYTES } from "./limits.ts";
import { EVENT_TOO_LARGE, reject, type Validated, validate } from "./validate.ts";

/** Decodes Limn's own JSON: one event, or an array of them. */
export function decodeNative(text: string, receivedAt: number): Decoded {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const { value, edges } = parsed;

  if (!Array.isArray(value)) {
    if (typeof value !== "object" || value === null) {
      return {
        ok: false,
        code: "body-not-events",
        detail: "The body is neither an event nor an array of events.",
      };
    }
    const small = fits(text, 0, text.length, EVENT_BYTES);
    return { ok: true, items: [small ? validate(value, 0, receivedAt) : reject(value, 0, EVENT_TOO_LARGE)] };
  }

  const refused = refuseCount(value.length);
  if (refused !== undefined) return refused;
  const items: Validated[] = [];
  for (let i = 0; i < value.length; i++) {
    const item = value[i] ?? null;
    const small = fits(text, edges[i] ?? 0, (edges[i + 1] ?? text.length) - 1, EVENT_BYTES);
    items.push(small ? validate(item, i, receivedAt) : reject(item, i, EVENT_TOO_LARGE));
  }
  return { ok: true, items };
}

import { EVENTS_PER_REQUEST } from "./limits.ts";
import type { Validated } from "./validate.ts";

/** A body, decoded: each of its items decided, or why it cannot be taken at all. */
export type Decoded =
  | { ok: true; items: Validated[] }
  | {
      ok: false;
      code:
        | "json-malformed"
        | "json-too-deep"
        | "header-malformed"
        | "body-not-events"
        | "body-too-large"
        | "no-events"
        | "too-many-events";
      detail: string;
    };

/** That two profiles are one person's, as the event at `index` says. */
export interface Link {
  index: number;
  from: string;
  to: string;
}

/** Turns the text of a body into events. `receivedAt` is in ms since 1970. */
export type Decoder = (text: string, receivedAt: number) => Decoded;

/** What a body with that many items is refused for, if it is. */
export function refuseCount(count: number): Extract<Decoded, { ok: false }> | undefined {
  if (count === 0)
    return { ok: false, code: "no-events", detail: "The body holds no event: send at least one." };
  if (count <= EVENTS_PER_REQUEST) return undefined;
  const detail = `The body holds more than ${EVENTS_PER_REQUEST} events: send them in several requests.`;
  return { ok: false, code: "too-many-events", detail };
}

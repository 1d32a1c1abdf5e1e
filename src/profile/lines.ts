import type { Event } from "../events/event.ts";
import { parseStored } from "./frame.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Events as text, a line of JSON each; the user is the profile's and not repeated. */
export function packLines(events: readonly Event[]): string {
  const [only] = events;
  return events.length === 1 && only !== undefined ? packEvent(only) : events.map(packEvent).join("\n");
}

/** One event's line. */
export function packEvent({ id, name, time, receivedAt, properties, traits, source, origin }: Event): string {
  return JSON.stringify({ id, name, time, receivedAt, properties, traits, source, origin });
}

/** The inverse of {@link packLines}. */
export function unpackLines(user: string, lines: string): Event[] {
  if (lines === "") return [];
  // One parse of an array is faster than one a line.
  const events: Event[] = parseStored(`[${lines.replaceAll("\n", ",")}]`);
  for (const event of events) event.user = user;
  return events;
}

/** The lines in UTF-8. */
export function packEvents(events: readonly Event[]): Uint8Array {
  return encoder.encode(packLines(events));
}

/** The inverse of {@link packEvents}. */
export function unpackEvents(user: string, bytes: Uint8Array): Event[] {
  return unpackLines(user, decoder.decode(bytes));
}

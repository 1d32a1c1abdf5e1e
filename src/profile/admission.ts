import { compareEvents, type Event } from "../events/event.ts";
import type { Receipt } from "./contract.ts";
import type { Journal } from "./journal.ts";
import type { Retention } from "./retention.ts";

/** A receipt for each event, in their order; and those that are new, in the fold's. */
export interface Admitted {
  receipts: Receipt[];
  fresh: Event[];
}

/** What a journal knows of events that have come before. */
type Known = Pick<Journal, "find" | "suppressed" | "horizon">;

const ERASED = "the event was erased from this profile, and stays out";

/** What becomes of events: of each id the first counts, unless it was erased or is too old. Changes nothing. */
export function admit(events: readonly Event[], known: Known, retention: Retention, now: number): Admitted {
  /** Those of the same batch. */
  const batch = events.length > 1 ? new Map<string, Event>() : undefined;
  const fresh: Event[] = [];
  const receipts = events.map((event): Receipt => {
    const { id } = event;
    if (known.suppressed.has(id, event.origin))
      return { id, status: "suppressed", code: "event-erased", detail: ERASED };
    const first = batch?.get(id) ?? known.find(id);
    if (first !== undefined)
      return { id, status: "duplicate", ...(sameBody(first, event) ? {} : { conflict: true }) };
    const late = whyLate(event, known.horizon, retention, now);
    if (late !== undefined) return { id, status: "late", code: "past-retention", detail: late };
    batch?.set(id, event);
    fresh.push(event);
    return { id, status: "applied" };
  });
  return { receipts, fresh: fresh.sort(compareEvents) };
}

/** Why an event lies before the kept history, or undefined. */
function whyLate(
  event: Event,
  horizon: Known["horizon"],
  { ageMs }: Retention,
  now: number,
): string | undefined {
  if (horizon !== undefined && compareEvents(event, horizon) <= 0)
    return "the event is older than the kept history of this profile";
  if (ageMs !== undefined && event.time < now - ageMs)
    return `the event is older than the ${Math.round(ageMs / 86_400_000)} days that are kept`;
  return undefined;
}

/** Whether two events of one id say the same. Time is left out: clients correct it anew with each retry. */
function sameBody(a: Event, b: Event): boolean {
  return (
    a.name === b.name &&
    JSON.stringify(a.properties) === JSON.stringify(b.properties) &&
    JSON.stringify(a.traits) === JSON.stringify(b.traits)
  );
}

import { compareEvents, type Event } from "../events/event.ts";
import { packEvent } from "./lines.ts";
import type { Key } from "./pages.ts";
import type { Sealed } from "./sealed.ts";

/** Events of a journal in its order; `next` is where to go on, also when nothing was found yet. */
export interface Slice {
  events: Event[];
  next?: Key;
}

/** Most events of a slice: each is one transaction where it arrives, and folds again what comes after it there. */
const SLICE_EVENTS = 4096;
/** A slice ends once it is this large, in characters of JSON: it is one message. */
const SLICE_CHARACTERS = 4_000_000;
/** Most pages that one slice reads: when few of the events belong to it, it must not read them all. */
const SLICE_PAGES = 64;

/** The events after a place of the order that `belong`. */
export function sliceAfter(
  tail: readonly Event[],
  sealed: Sealed,
  after: Key | undefined,
  belongs: (event: Event) => boolean,
): Slice {
  const events: Event[] = [];
  let characters = 0;
  /** Takes from sorted events; returns where to go on once there are enough. */
  const take = (sorted: readonly Event[]): Key | undefined => {
    for (const event of sorted) {
      if ((after !== undefined && compareEvents(event, after) <= 0) || !belongs(event)) continue;
      const last = events.at(-1);
      if (last !== undefined && (events.length === SLICE_EVENTS || characters >= SLICE_CHARACTERS)) {
        return { time: last.time, id: last.id };
      }
      events.push(event);
      characters += packEvent(event).length;
    }
    return undefined;
  };
  let next: Key | undefined;
  let read = 0;
  for (const page of sealed.pages) {
    if (after !== undefined && compareEvents(page.last, after) <= 0) continue;
    next = take(sealed.events(page));
    if (next === undefined && ++read === SLICE_PAGES) next = page.last;
    if (next !== undefined) break;
  }
  sealed.release();
  next ??= take(tail);
  return next === undefined ? { events } : { events, next };
}

import { compareEvents, type Event } from "../events/event.ts";
import type { Key } from "./pages.ts";
import type { Sealed } from "./sealed.ts";

/** Which events are listed. */
export interface Listing {
  filter: (event: Event) => boolean;
  /** How many at most. */
  limit: number;
  /** The earliest time, ms. */
  from: number;
  /** Where the listing before ended. */
  before?: Key;
}

/** Events, newest first; `next` is where to go on, also when nothing was found yet. */
export interface Listed {
  events: Event[];
  next?: Key;
}

/** Most pages that one listing reads: a filter that nothing passes must not read them all. */
const LISTED_PAGES = 32;

/** Lists events newest first: those of the tail, then those of pages. */
export function listNewest(tail: readonly Event[], sealed: Sealed, listing: Listing): Listed {
  const { filter, limit, from, before } = listing;
  const events: Event[] = [];
  /** Takes what is wanted from sorted events; returns where to go on once there are enough. */
  const take = (sorted: readonly Event[]): Key | undefined => {
    for (const event of sorted.toReversed()) {
      if (before !== undefined && compareEvents(event, before) >= 0) continue;
      if (event.time < from) return undefined;
      if (!filter(event)) continue;
      const last = events.at(-1);
      if (events.length === limit && last !== undefined) return { time: last.time, id: last.id };
      events.push(event);
    }
    return undefined;
  };
  let next = take(tail);
  let read = 0;
  const { pages } = sealed;
  for (let i = pages.length - 1; i >= 0 && next === undefined; i--) {
    const page = pages[i];
    if (page === undefined || page.last.time < from) break;
    if (before !== undefined && compareEvents(page.first, before) >= 0) continue;
    if (read++ === LISTED_PAGES) {
      // Everything from the page after this one on was seen.
      next = pages[i + 1]?.first;
      break;
    }
    next = take(sealed.events(page));
  }
  sealed.release();
  return next === undefined ? { events } : { events, next };
}

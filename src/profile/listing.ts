import { compareEvents, type Event } from "../events/event.ts";
import type { Key } from "./pages.ts";
import type { Sealed } from "./sealed.ts";

/** Which events are listed, and in which order. */
export interface Listing {
  filter: (event: Event) => boolean;
  /** How many at most. */
  limit: number;
  /** The earliest time, ms; and the first that is too late. */
  from: number;
  to: number;
  /** Newest first without it. */
  oldestFirst: boolean;
  /** Where the listing before ended. */
  after?: Key;
}

/** Events in the order asked for; `next` is where to go on, also when nothing was found yet. */
export interface Listed {
  events: Event[];
  next?: Key;
}

/** Most pages that one listing reads: a filter that nothing passes must not read them all. */
const LISTED_PAGES = 32;

/** Lists events from the newest on, those of the tail and then those of pages; or the other way round. */
export function listEvents(tail: readonly Event[], sealed: Sealed, listing: Listing): Listed {
  const { filter, limit, from, to, oldestFirst, after } = listing;
  const inOrder = <T>(list: readonly T[]): readonly T[] => (oldestFirst ? list : list.toReversed());
  const isListed = (key: Key) =>
    after !== undefined && compareEvents(key, after) * (oldestFirst ? 1 : -1) <= 0;
  const isBefore = ({ time }: Key) => (oldestFirst ? time < from : time >= to);
  const isPast = ({ time }: Key) => (oldestFirst ? time >= to : time < from);

  const events: Event[] = [];
  /** Takes what is wanted from sorted events; returns where to go on once there are enough. */
  const take = (sorted: readonly Event[]): Key | undefined => {
    for (const event of inOrder(sorted)) {
      if (isPast(event)) return undefined;
      if (isListed(event) || isBefore(event) || !filter(event)) continue;
      const last = events.at(-1);
      if (events.length === limit && last !== undefined) return { time: last.time, id: last.id };
      events.push(event);
    }
    return undefined;
  };
  const takePages = (): Key | undefined => {
    let read = 0;
    let seen: Key | undefined;
    for (const page of inOrder(sealed.pages)) {
      const [near, far] = oldestFirst ? [page.first, page.last] : [page.last, page.first];
      if (isPast(near)) return undefined;
      if (!isListed(far) && !isBefore(far)) {
        if (read++ === LISTED_PAGES) return seen;
        const next = take(sealed.events(page));
        if (next !== undefined) return next;
      }
      seen = far;
    }
    return undefined;
  };
  const next = oldestFirst ? (takePages() ?? take(tail)) : (take(tail) ?? takePages());
  sealed.release();
  return next === undefined ? { events } : { events, next };
}

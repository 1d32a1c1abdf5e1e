/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** One thing a user did, validated: what every decoder yields and every room behind the edge trusts. */
export interface Event {
  /** Unique within the user; a second event with the same id is a duplicate. */
  id: string;
  /** The profile's id: the `userId`, or `anonymous:` and the `anonymousId`. */
  user: string;
  /** What happened, such as `Product Viewed`. */
  name: string;
  /** When it happened, in milliseconds since 1970. Orders the fold, together with the id. */
  time: number;
  /** When the edge received it, in milliseconds since 1970. */
  receivedAt: number;
  properties: JsonObject;
  /** What the user declared with this event. */
  traits?: JsonObject;
  /** The key or integration the event came through. */
  source?: string;
  /** The id of the profile that it was sent to, where that one was merged into the one that holds it. */
  origin?: string;
}

/** An item of a request that is not an event, and why. */
export interface Rejection {
  /** Position of the item in the request, from 0. */
  index: number;
  /** The item's id, where it has a readable one. */
  id?: string;
  /** A stable word for programs, such as `time-invalid`. */
  code: string;
  /** JSON pointer (RFC 6901) to the offending member, relative to the item. */
  pointer: string;
  /** One sentence: what is wrong and what would be right. */
  detail: string;
}

/** The order of the fold: by time, then by id. Negative when `a` comes first. */
export function compareEvents(a: { time: number; id: string }, b: { time: number; id: string }): number {
  return a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

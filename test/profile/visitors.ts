import { env } from "cloudflare:workers";
import type { Event } from "../../src/events/event.ts";

/** The time of the first event of each user. */
export const START = Date.UTC(2026, 0, 1);
export const MINUTE = 60_000;

/** A profile that no other test touches. */
export function newProfile() {
  const user = `user-${crypto.randomUUID()}`;
  return { user, stub: env.PROFILES.get(env.PROFILES.idFromName(user)) };
}

/** The event of minute `i` of a user. */
export function event(user: string, i: number, more: Partial<Event> = {}): Event {
  return {
    id: `e${i}`,
    user,
    name: i % 5 === 0 ? "Order Completed" : "Product Viewed",
    time: START + i * MINUTE,
    receivedAt: START + i * MINUTE,
    properties: { product_id: `p${(i * 7) % 50}`, category: `c${i % 9}`, price: i % 100, value: i },
    ...more,
  };
}

/** The whole numbers from one on, below another. */
export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

import type { Environment } from "../environment.ts";
import { hash53 } from "../kernel/hash.ts";

/** How much history is kept. */
export interface Retention {
  /** Events, at least this many; whole pages go. */
  events: number;
  /** Older events go, and are late when they come; none do without it. */
  ageMs?: number;
}

/** While a part of the journal is on its way, none of it may be dropped. */
export const KEEP_ALL: Retention = { events: Number.POSITIVE_INFINITY };

/** Events kept when the configuration does not say. */
const EVENTS = 100_000;
const DAY_MS = 86_400_000;
/**
 * An event stays this long after it has become too old: a retry whose client has corrected its clock meanwhile then
 * finds it, or is too old itself, and never counts twice.
 */
const GRACE_MS = 3_600_000;
/**
 * Events go together, those of one such step of time: so a profile asks for an alarm once a step, and is written anew as
 * rarely; and each event is gone a day after it became too old.
 */
const STEP_MS = DAY_MS - GRACE_MS;

/**
 * What a deployment keeps.
 * @throws Error when it does not say that in numbers: a slip must not keep everything for good
 */
export function retentionOf(env: Pick<Environment, "RETENTION_EVENTS" | "RETENTION_DAYS">): Retention {
  const events = Number(env.RETENTION_EVENTS || EVENTS);
  const days = Number(env.RETENTION_DAYS || Number.POSITIVE_INFINITY);
  if (!(events > 0)) throw new Error("RETENTION_EVENTS is not a number above 0");
  if (!(days > 0)) throw new Error("RETENTION_DAYS is not a number above 0");
  return days === Number.POSITIVE_INFINITY ? { events } : { events, ageMs: days * DAY_MS };
}

/** The time before which events of a user go now; all stay after it. */
export function keptFrom(user: string, { ageMs }: Retention, now: number): number {
  return ageMs === undefined ? Number.NEGATIVE_INFINITY : stepOf(user, now - ageMs - GRACE_MS);
}

/** When an event of that time goes. */
export function dropAt(user: string, { ageMs }: Retention, time: number): number {
  return ageMs === undefined ? Number.POSITIVE_INFINITY : stepOf(user, time) + STEP_MS + ageMs + GRACE_MS;
}

/** The start of the step that holds a time. Users have theirs at different times, so that not all wake at once. */
function stepOf(user: string, time: number): number {
  const phase = hash53(user) % STEP_MS;
  return Math.floor((time - phase) / STEP_MS) * STEP_MS + phase;
}

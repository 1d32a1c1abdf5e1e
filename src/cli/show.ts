import { UserError } from "../data/user-error.ts";
import type { ProfileAnswer } from "./answers.ts";
import type { Client } from "./client.ts";
import { drawPortrait } from "./portrait.ts";

/** Events that the sparkline counts, at most. */
const ACTIVITY_EVENTS = 1000;

/** A profile at a time: as it is now without one, `last` for the user's last event, else an ISO 8601 time. */
export async function readProfile(client: Client, user: string, at?: string): Promise<ProfileAnswer> {
  const found = await client.profile(user, at === undefined || at === "last" ? undefined : readTime(at));
  const profile =
    at === "last" && found?.lastSeen ? await client.profile(user, Date.parse(found.lastSeen)) : found;
  if (profile !== undefined) return profile;
  throw new UserError(
    `${client.url} has no profile of "${user}"`,
    "Check the id; a profile begins with its first event, and that of an anonymous one is anonymous:<anonymousId>.",
  );
}

/** Draws the profile of a user. */
export async function show(client: Client, user: string, at?: string): Promise<string> {
  const profile = await readProfile(client, user, at);
  const events = await client.events(user, ACTIVITY_EVENTS);
  const until = Date.parse(profile.asOf);
  return drawPortrait(
    profile,
    events.map(({ timestamp }) => Date.parse(timestamp)).filter((time) => time <= until),
  );
}

function readTime(text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new UserError(
    `"${text}" is not a time`,
    "Give --at last, or an ISO 8601 time such as 2026-11-25T13:30:00Z.",
  );
}

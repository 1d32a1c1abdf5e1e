import { createHmac } from "node:crypto";
import type { Environment } from "../environment.ts";
import type { Failed, ProfileRpc } from "../profile/contract.ts";
import { attempt } from "./attempt.ts";
import { InFlight } from "./busy.ts";
import type { Context } from "./context.ts";
import type { Failure, Result } from "./problems.ts";
import { exceeds } from "./rate.ts";

/** How many requests about one user an isolate has in flight at most. */
export const REQUESTS_PER_USER = 32;

const inFlight = new InFlight(REQUESTS_PER_USER);

/**
 * Asks the object that keeps a user's profile; `attempt.ts` says how often. Why it does not answer is a failure with
 * a code; what an object throws goes nowhere.
 */
export async function ask<T extends { status: string }>(
  c: Context,
  user: string,
  question: (profile: ProfileRpc) => Promise<T | Failed>,
): Promise<Result<T>> {
  if (c.env.RATE_BY_USER) {
    const failure = await exceeds(c, c.env.RATE_BY_USER, nameOf(c.env, user));
    if (failure !== undefined) return { ok: false, failure };
  }
  if (!inFlight.enter(user)) return refused(c, "too-busy");
  try {
    const asked = await attempt(() => question(profileOf(c.env, user)));
    if (!asked.ok) return refused(c, asked.code);
    const { value } = asked;
    return isFailed(value) ? refused(c, value.code) : { ok: true, value };
  } finally {
    inFlight.leave(user);
  }
}

/** A fresh stub of a user's object. */
function profileOf(env: Environment, user: string): ProfileRpc {
  return env.PROFILES.get(env.PROFILES.idFromName(nameOf(env, user)));
}

/** The name of a user's object: names show up in logs and dashboards, and this one tells nothing without the secret. */
function nameOf(env: Environment, user: string): string {
  const secret = env.ID_SECRET ?? "";
  if (secret !== names.secret || names.known.size >= MOST_NAMES) names = { secret, known: new Map() };
  let name = names.known.get(user);
  if (name === undefined) {
    name = createHmac("sha256", secret).update(user).digest("hex");
    names.known.set(user, name);
  }
  return name;
}

/** Names worked out of late: a user comes back soon, and the hash costs more than the rest of a look-up. */
const MOST_NAMES = 10_000;
let names = { secret: "", known: new Map<string, string>() };

function isFailed(value: { status: string }): value is Failed {
  return value.status === "failed";
}

function refused(c: Context, code: Failure["code"]): { ok: false; failure: Failure } {
  logCode(c, code);
  return { ok: false, failure: { code } };
}

/** The only thing the edge ever logs: whoever may read logs may not read profiles. */
export function logCode(c: Context, code: string): void {
  console.error(JSON.stringify({ requestId: c.get("requestId"), code }));
}

import { createHmac } from "node:crypto";
import type { Environment, ProfileNamespace } from "../environment.ts";
import type { Failed, ProfileRpc } from "../profile/contract.ts";
import { attempt } from "./attempt.ts";
import { InFlight } from "./busy.ts";
import type { Context } from "./context.ts";
import type { Failure, Result } from "./problems.ts";
import { exceeds } from "./rate.ts";
import { requestId } from "./request-id.ts";

/** How many requests about one user an isolate has in flight at most. */
export const REQUESTS_PER_USER = 32;

const inFlight = new InFlight(REQUESTS_PER_USER);

/**
 * Asks the object that keeps a user's profile; `attempt.ts` says how often. Why it does not answer is a failure with
 * a code; what an object throws goes nowhere.
 */
export async function ask<T extends { status: string } | string | number>(
  c: Context,
  user: string,
  question: (profile: ProfileRpc) => Promise<T | Failed>,
): Promise<Result<T>> {
  if (c.env.RATE_BY_USER) {
    const failure = await exceeds(c, c.env.RATE_BY_USER, idOf(c.env, user).toString());
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
  return env.PROFILES.get(idOf(env, user));
}

function idOf({ PROFILES, ID_SECRET: secret = "" }: Environment, user: string): DurableObjectId {
  if (ids.of !== PROFILES || secret !== ids.secret || ids.known.size >= MOST_IDS) {
    ids = { of: PROFILES, secret, known: new Map() };
  }
  let id = ids.known.get(user);
  if (id === undefined) {
    // Names of objects show up in logs and dashboards: this one tells nothing without the secret.
    id = PROFILES.idFromName(createHmac("sha256", secret).update(user).digest("hex"));
    ids.known.set(user, id);
  }
  return id;
}

/** Ids worked out of late: a user comes back soon, and the two hashes cost more than the rest of a look-up. */
const MOST_IDS = 10_000;
let ids: { of?: ProfileNamespace; secret: string; known: Map<string, DurableObjectId> } = {
  secret: "",
  known: new Map(),
};

function isFailed(value: { status: string } | string | number): value is Failed {
  return typeof value === "object" && value.status === "failed";
}

function refused(c: Context, code: Failure["code"]): { ok: false; failure: Failure } {
  logCode(c, code);
  return { ok: false, failure: { code } };
}

/** The only thing the edge ever logs: whoever may read logs may not read profiles. */
export function logCode(c: Context, code: string): void {
  console.error(JSON.stringify({ requestId: requestId(c), code }));
}

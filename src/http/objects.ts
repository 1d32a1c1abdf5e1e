import type { ProfileStub } from "../environment.ts";
import type { Failed } from "../profile/contract.ts";
import type { Moved } from "../profile/merge-contract.ts";
import { MOST_DEPTH } from "../profile/merging.ts";
import { idOf, profileOf } from "../profile/stub.ts";
import { attempt } from "./attempt.ts";
import { InFlight } from "./busy.ts";
import type { Context } from "./context.ts";
import { logCode } from "./log.ts";
import type { Failure, Result } from "./problems.ts";
import { exceeds } from "./rate.ts";

/** How many requests about one user an isolate has in flight at most. */
export const REQUESTS_PER_USER = 32;

const inFlight = new InFlight(REQUESTS_PER_USER);

/** Objects asked one after the other at most: a chain of merges, and one more step each way while one is undone. */
const MOST_HOPS = MOST_DEPTH + 2;

/**
 * Asks the object that keeps a user's profile, which is another one's where the profile was merged: `at` is whose.
 * `attempt.ts` says how often. Why it does not answer is a failure with a code; what an object throws goes nowhere.
 */
export async function ask<T extends { status: string } | string | number>(
  c: Context,
  user: string,
  question: (profile: ProfileStub, at: string) => Promise<T | Moved | Failed>,
): Promise<Result<T>> {
  if (c.env.RATE_BY_USER) {
    const failure = await exceeds(c, c.env.RATE_BY_USER, idOf(c.env, user).toString());
    if (failure !== undefined) return { ok: false, failure };
  }
  if (!inFlight.enter(user)) return refused(c, "too-busy");
  try {
    let at = user;
    for (let hops = 0; hops <= MOST_HOPS; hops++) {
      const asked = await attempt(() => question(profileOf(c.env, at), at));
      if (!asked.ok) return refused(c, asked.code);
      const { value } = asked;
      if (isFailed(value)) return refused(c, value.code);
      if (!isMoved(value)) return { ok: true, value };
      // A token is for one user: what an anonymous one became part of is another's.
      if (c.get("user") !== undefined) return { ok: false, failure: { code: "profile-unknown" } };
      at = value.to;
    }
    return refused(c, "unavailable");
  } finally {
    inFlight.leave(user);
  }
}

function isFailed(value: { status: string } | string | number): value is Failed {
  return typeof value === "object" && value.status === "failed";
}

function isMoved(value: { status: string } | string | number): value is Moved {
  return typeof value === "object" && value.status === "moved";
}

function refused(c: Context, code: Failure["code"]): { ok: false; failure: Failure } {
  logCode(c, code);
  return { ok: false, failure: { code } };
}

import { createHmac } from "node:crypto";
import type { Environment } from "../environment.ts";
import type { Failed, ProfileRpc } from "../profile/contract.ts";
import type { Context } from "./context.ts";
import type { Result } from "./problems.ts";

/** The object that keeps a user's profile. */
export function profileOf(env: Environment, user: string): ProfileRpc {
  // Names of objects show up in logs and dashboards: this one tells nothing without the secret.
  const name = createHmac("sha256", env.ID_SECRET ?? "")
    .update(user)
    .digest("hex");
  return env.PROFILES.get(env.PROFILES.idFromName(name));
}

/**
 * Asks a profile object. One that cannot read what it stored is a failure of that name; one that throws is
 * `unavailable`, and what it threw goes nowhere.
 */
export async function ask<T extends { status: string }>(
  c: Context,
  call: () => Promise<T | Failed>,
): Promise<Result<T>> {
  try {
    const value = await call();
    if (!isFailed(value)) return { ok: true, value };
    logCode(c, value.code);
    return { ok: false, failure: { code: value.code } };
  } catch {
    logCode(c, "unavailable");
    return { ok: false, failure: { code: "unavailable", headers: { "Retry-After": "1" } } };
  }
}

function isFailed(value: { status: string }): value is Failed {
  return value.status === "failed";
}

/** The only thing the edge ever logs: whoever may read logs may not read profiles. */
export function logCode(c: Context, code: string): void {
  console.error(JSON.stringify({ requestId: c.get("requestId"), code }));
}

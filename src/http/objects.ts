import { createHmac } from "node:crypto";
import type { Environment } from "../environment.ts";
import type { ProfileRpc } from "../profile/contract.ts";
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

/** Asks a profile object; one that throws is `unavailable`, and what it threw goes nowhere. */
export async function ask<T>(c: Context, call: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await call() };
  } catch {
    logCode(c, "unavailable");
    return { ok: false, failure: { code: "unavailable", headers: { "Retry-After": "1" } } };
  }
}

/** The only thing the edge ever logs: whoever may read logs may not read profiles. */
export function logCode(c: Context, code: string): void {
  console.error(JSON.stringify({ requestId: c.get("requestId"), code }));
}

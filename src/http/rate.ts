import type { Context } from "./context.ts";
import { logCode } from "./log.ts";
import type { Failure } from "./problems.ts";

/**
 * Whether a rate limit lets a request pass: the platform counts, by machine and place, without leaving either. Where no
 * limit is bound there is none; and one that fails lets pass, for it is a shield, not a lock.
 */
export async function exceeds(c: Context, limit: RateLimit, key: string): Promise<Failure | undefined> {
  try {
    const { success } = await limit.limit({ key });
    return success ? undefined : { code: "rate-limited" };
  } catch {
    logCode(c, "rate-limit-unavailable");
    return undefined;
  }
}

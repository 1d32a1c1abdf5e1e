import { account, countRefused, type Received } from "./account.ts";
import type { Context } from "./context.ts";
import { type Delivery, deliver } from "./deliver.ts";
import { joinAll, linksOf, refuseLinks } from "./join.ts";
import { type Failure, problem, type Result } from "./problems.ts";

/**
 * Takes in a body: its events go to their profiles, those that say so join profiles, and all is counted. What became of
 * each item; or why none was looked at.
 */
export async function takeIn(c: Context, received: Received): Promise<Result<Delivery[]>> {
  const decoded = received.format.decode(received.text, received.at);
  if (!decoded.ok) return { ok: false, failure: decoded };
  const links = linksOf(decoded.items);
  const refused = refuseLinks(links);
  if (refused !== undefined) return { ok: false, failure: refused };
  const delivered = await deliver(c, decoded.items);
  if (!delivered.ok) return delivered;
  if (links.length > 0) await joinAll(c, links, delivered.value);
  const kept = account(c, delivered.value, received);
  if (kept !== undefined) await kept;
  return delivered;
}

/** Answers a body that is not taken in, and counts it. */
export function refuse(c: Context, failure: Failure, at: number): Response {
  countRefused(c, failure.code, at);
  return problem(c, failure);
}

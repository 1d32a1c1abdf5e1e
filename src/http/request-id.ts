import type { Context } from "./context.ts";

/** In every answer, and in every line of the log. */
export const REQUEST_ID = "X-Request-Id";

/**
 * Reads what the answer will need of the request. Now, because whatever is looked up after a commit, when the processor
 * has done other things meanwhile, takes several times as long.
 */
export function noteArrival(c: Context): void {
  requestId(c);
  const origin = c.req.header("Origin");
  if (origin !== undefined) c.set("origin", origin);
}

/** The id of a request: the client's own where it is a plain one. */
export function requestId(c: Context): string {
  const known = c.get("requestId");
  if (known !== undefined) return known;
  const given = c.req.header(REQUEST_ID);
  const id = given !== undefined && /^[\w-]{1,64}$/.test(given) ? given : crypto.randomUUID();
  c.set("requestId", id);
  return id;
}

import { createMiddleware } from "hono/factory";
import type { App } from "./context.ts";

const HEADER = "X-Request-Id";

/**
 * Gives each request an id, the client's own where it is a plain one, and every answer with it. Set on the finished
 * response: a header that is set before makes Hono build each response the slow way.
 */
export const nameRequest = createMiddleware<App>(async (c, next) => {
  const given = c.req.header(HEADER);
  const id = given !== undefined && /^[\w-]{1,64}$/.test(given) ? given : crypto.randomUUID();
  c.set("requestId", id);
  await next();
  c.res.headers.set(HEADER, id);
});

import { Hono } from "hono";
import { answerText } from "./answer.ts";
import { guarded } from "./auth.ts";
import type { App } from "./context.ts";
import { preflightHeaders } from "./cors.ts";
import { erasure } from "./erasure.ts";
import { events } from "./events.ts";
import { failures } from "./failures.ts";
import { health } from "./health.ts";
import { history } from "./history.ts";
import { keys } from "./keys.ts";
import { live } from "./live.ts";
import { logCode } from "./log.ts";
import { merge } from "./merge.ts";
import { preview } from "./preview.ts";
import { problemPages } from "./problem-pages.ts";
import { problem } from "./problems.ts";
import { profiles } from "./profiles.ts";
import { rank } from "./rank.ts";
import { reference } from "./reference.ts";
import { replay } from "./replay.ts";
import { noteArrival } from "./request-id.ts";
import { segment } from "./segment.ts";
import { spaces } from "./spaces.ts";
import { stats } from "./stats.ts";

/**
 * The HTTP side of Limn. Which key opens which route: `auth.ts`; what a request may hold: `events/limits.ts`.
 */
export const app = new Hono<App>();

// A route is one function, its key included: Hono then calls it directly, where each middleware would be a promise.
for (const { routes } of [
  events,
  segment,
  profiles,
  live,
  history,
  erasure,
  rank,
  preview,
  merge,
  spaces,
  failures,
  replay,
  stats,
  keys,
  health,
  problemPages,
  reference,
]) {
  for (const { method, path, handler } of routes) app.on(method, path, guarded(`${method} ${path}`, handler));
}

app.notFound((c) => {
  noteArrival(c);
  const preflight = preflightHeaders(c);
  if (preflight !== undefined) return answerText(c, null, 204, preflight);
  const methods = METHODS.filter((method) => app.router.match(method, c.req.path)[0].length > 0);
  if (methods.length === 0) return problem(c, { code: "not-found" });
  const allowed = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return problem(c, { code: "method-not-allowed", headers: { Allow: allowed.join(", ") } });
});

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

app.onError((_error, c) => {
  logCode(c, "internal");
  return problem(c, { code: "internal" });
});

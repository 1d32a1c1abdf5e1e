import { Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { guard } from "./auth.ts";
import type { App } from "./context.ts";
import { events } from "./events.ts";
import { failures } from "./failures.ts";
import { health } from "./health.ts";
import { history } from "./history.ts";
import { keys } from "./keys.ts";
import { logCode } from "./objects.ts";
import { preview } from "./preview.ts";
import { problem } from "./problems.ts";
import { profiles } from "./profiles.ts";
import { rank } from "./rank.ts";
import { replay } from "./replay.ts";
import { nameRequest } from "./request-id.ts";
import { stats } from "./stats.ts";

/**
 * The HTTP side of Limn. Which key opens which route: `auth.ts`; what a request may hold: `events/limits.ts`.
 */
export const app = new Hono<App>();

app.use(nameRequest);
app.use(
  methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) =>
      problem(c, { code: "method-not-allowed", headers: { Allow: methods.join(", ") } }),
  }),
);
app.use(guard);

app.route("/", health);
app.route("/", events);
app.route("/", profiles);
app.route("/", history);
app.route("/", rank);
app.route("/", preview);
app.route("/", failures);
app.route("/", replay);
app.route("/", stats);
app.route("/", keys);

app.notFound((c) => problem(c, { code: "not-found" }));

app.onError((_error, c) => {
  logCode(c, "internal");
  return problem(c, { code: "internal" });
});

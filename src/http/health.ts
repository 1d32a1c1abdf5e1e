import { Hono } from "hono";
import { version } from "../../package.json";
import { engineFor } from "../profile/engine.ts";
import { answer } from "./answer.ts";
import type { App } from "./context.ts";
import { problem } from "./problems.ts";

/** `GET /healthz`: whether this deployment can serve, and what is deployed. */
export const health = new Hono<App>().get("/healthz", (c) => {
  try {
    const { definition } = engineFor(c.env).compiled;
    const deployed = { status: "ok", definition: definition.name, prior: c.env.PRIOR ?? null, version };
    return answer(c, deployed, 200, { "Cache-Control": "no-store" });
  } catch (error) {
    // A definition or prior is configuration, not a user's data: what is wrong with it may be told.
    const detail = error instanceof Error ? `${error.message}.` : "The definition cannot be used.";
    return problem(c, { code: "not-configured", detail });
  }
});

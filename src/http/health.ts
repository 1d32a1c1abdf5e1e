import { Hono } from "hono";
import { version } from "../../package.json";
import type { App } from "./context.ts";

/** `GET /healthz`: whether this deployment can serve, and what is deployed. */
export const health = new Hono<App>().get("/healthz", (c) =>
  c.json({ status: "ok", definition: c.env.DEFINITION ?? "ecommerce", version }, 200, {
    "Cache-Control": "no-store",
  }),
);

import { Hono } from "hono";
import { answer } from "./answer.ts";
import type { App } from "./context.ts";
import { type Kind, PROBLEMS, problem } from "./problems.ts";

const KINDS = new Map<string, Kind>(Object.entries(PROBLEMS));

/** `GET /problems/:code`: what the `type` of a problem names (RFC 9457, 3.1.1): the kind, and what can be done about it. */
export const problemPages = new Hono<App>().get("/problems/:code", (c) => {
  const code = c.req.param("code");
  const kind = KINDS.get(code);
  if (kind === undefined) return problem(c, { code: "not-found" });
  const { title, status, remedy, retryAfter } = kind;
  return answer(c, { type: `/problems/${code}`, title, status, remedy, retryAfter }, 200, {
    "Cache-Control": "public, max-age=3600",
  });
});

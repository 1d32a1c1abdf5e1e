import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Context } from "./context.ts";
import { openToPages } from "./cors.ts";
import { REQUEST_ID, requestId } from "./request-id.ts";

/** Answers with a value as JSON. */
export function answer(
  c: Context,
  value: unknown,
  status: ContentfulStatusCode = 200,
  headers: Record<string, string> = {},
): Response {
  return answerText(c, JSON.stringify(value), status, { "Content-Type": "application/json", ...headers });
}

/**
 * Answers with a text, bytes, a stream of them, or nothing, and these headers. Every answer is made here, with the
 * request's id among the headers it starts with: one that is set on a finished response costs as much as half of its
 * making.
 */
export function answerText(
  c: Context,
  content: BodyInit | null,
  status: number,
  headers: Record<string, string>,
): Response {
  headers[REQUEST_ID] = requestId(c);
  if (c.get("origin") !== undefined) openToPages(c, headers);
  return new Response(content, { status, headers });
}

import type { Context } from "./context.ts";

/** What pages of any origin may do, by method: send events, and read the profile of their own user. */
const OPEN: Readonly<Record<string, RegExp>> = {
  POST: /^\/v1\/(events|batch|identify|track|page|screen|group|alias|[biptsga])$/,
  GET: /^\/v1\/(projects\/[^/]+\/settings|profiles\/[^/]+(\/live)?)$/,
};

/** What Segment's browser client sends beyond the usual: how often it tried. */
const REQUEST_HEADERS =
  "Authorization, Content-Type, Content-Encoding, If-None-Match, X-Request-Id, X-Retry-Count";
const RESPONSE_HEADERS = "ETag, Retry-After, X-Request-Id";
const DAY_S = 86_400;

/**
 * Lets a page of another origin read this answer (CORS), where its route is open to pages. Without credentials: a key
 * is sent by the page's own code, so that no page can act for one that it does not know. A key that is bound to origins
 * is checked with the key.
 */
export function openToPages(c: Context, headers: Record<string, string>): void {
  if (!isOpen(c.req.method, c.req.path)) return;
  headers["Access-Control-Allow-Origin"] = "*";
  headers["Access-Control-Expose-Headers"] = RESPONSE_HEADERS;
}

/** What a browser is told that asks whether a page may send a request; undefined for every other request. */
export function preflightHeaders(c: Context): Record<string, string> | undefined {
  const method = c.req.header("Access-Control-Request-Method");
  if (c.req.method !== "OPTIONS" || method === undefined || !isOpen(method, c.req.path)) return undefined;
  return {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": method,
    "Access-Control-Allow-Headers": REQUEST_HEADERS,
    "Access-Control-Max-Age": String(DAY_S),
  };
}

function isOpen(method: string, path: string): boolean {
  return OPEN[method]?.test(path) ?? false;
}

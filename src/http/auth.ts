import { Buffer } from "node:buffer";
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import type { KeyKind } from "../keys/key.ts";
import type { App, Context } from "./context.ts";
import { type Keyring, keyringOf } from "./keyring.ts";
import { type Failure, problem } from "./problems.ts";
import { exceeds } from "./rate.ts";
import { looksLikeToken, refused, type Scope } from "./user-tokens.ts";

/** What opens a route: a kind of key, or a token of the user whose profile `:id` is, with that scope. */
export type Opener = KeyKind | `user:${Scope}`;

/** Who opens a route; with `inBody`, its handler reads the key from the body when no header opened it. */
export type Access = "anyone" | readonly Opener[] | { inBody: readonly KeyKind[] };

/** Who may use which route. A route that is not here is closed to all. */
export const ACCESS: Readonly<Record<string, Access>> = {
  "GET /healthz": "anyone",
  "POST /v1/events": ["write", "secret"],
  "GET /v1/profiles/:id": ["secret", "user:read"],
  "GET /v1/profiles/:id/events": ["secret"],
  "DELETE /v1/profiles/:id/events/:eventId": ["secret"],
  "POST /v1/profiles/:id/rank": ["secret"],
  "POST /v1/profiles/:id/preview": ["secret"],
  "GET /v1/failures": ["secret"],
  "DELETE /v1/failures": ["secret"],
  "POST /v1/failures/replay": ["secret"],
  "GET /v1/stats": ["secret"],
  "GET /v1/keys/revoked": ["secret"],
  "POST /v1/keys/revoke": ["secret"],
};

/** Lets a request through to its route when the access table does; a path without a route goes on to its 404. */
export const guard = guardBy(ACCESS);

export function guardBy(table: Readonly<Record<string, Access>>) {
  return createMiddleware<App>(async (c, next) => {
    const routes = matchedRoutes(c);
    const at = routes.findIndex(({ method }) => method !== "ALL");
    const route = routes[at];
    if (route === undefined) return next();
    const keyring = keyringOf(c.env);
    if (typeof keyring === "string") return problem(c, { code: "not-configured", detail: keyring });

    const access = table[`${route.method} ${route.path}`] ?? [];
    if (access === "anyone") return next();
    const header = readHeader(c.req.header("Authorization"));
    if ("inBody" in access) {
      c.set("bodyKeys", access.inBody);
      // A header that says nothing to us leaves it to the body: some clients send a token of another service as well.
      if (header === undefined || keyring.find(header) === undefined) return next();
      const failure = await openByKey(c, keyring, access.inBody, header);
      return failure === undefined ? next() : problem(c, failure);
    }
    // A browser cannot give a WebSocket or an EventSource a header.
    const sent = header ?? (access.includes("user:live") ? c.req.query("token") : undefined);
    const isToken = sent !== undefined && (header === undefined || looksLikeToken(sent));
    const failure = isToken
      ? await openByToken(c, keyring, access, sent, at)
      : await openByKey(c, keyring, access, sent);
    return failure === undefined ? next() : problem(c, failure);
  });
}

/**
 * Opens a route whose entry has `inBody` with the key that its handler found in the body; nothing to do when the
 * request's header opened it already. Such a handler must call this, and answer the failure, before it does anything.
 */
export async function openWith(c: Context, key: string | undefined): Promise<Failure | undefined> {
  if (c.get("key") !== undefined) return undefined;
  const keyring = keyringOf(c.env);
  if (typeof keyring === "string") return { code: "not-configured", detail: keyring };
  return openByKey(c, keyring, c.get("bodyKeys") ?? [], key ?? readHeader(c.req.header("Authorization")));
}

async function openByKey(
  c: Context,
  keyring: Keyring,
  allowed: readonly Opener[],
  sent: string | undefined,
): Promise<Failure | undefined> {
  if (sent === undefined) return { code: "key-missing", headers: { "WWW-Authenticate": CHALLENGE } };
  const key = keyring.find(sent);
  if (key === undefined) return { code: "key-unknown", headers: INVALID };
  if (key.expires !== undefined && Date.now() >= key.expires)
    return { code: "key-expired", headers: INVALID };
  const isKnown = keyring.knowsRevoked();
  if (isKnown !== true && !(await isKnown)) return { code: "keys-unavailable" };
  if (keyring.revocations.has(key.id)) return { code: "key-revoked", headers: INVALID };
  if (!allowed.includes(key.kind)) return { code: "key-scope" };
  if (key.origins.length > 0 && !key.origins.includes(c.req.header("Origin") ?? ""))
    return { code: "key-origin" };
  if (c.env.RATE_BY_KEY) {
    const failure = await exceeds(c, c.env.RATE_BY_KEY, key.id);
    if (failure !== undefined) return failure;
  }
  c.set("key", key.kind);
  c.set("keyId", key.id);
  return undefined;
}

/** @param at where the route stands among those that match */
async function openByToken(
  c: Context,
  keyring: Keyring,
  allowed: readonly Opener[],
  sent: string,
  at: number,
): Promise<Failure | undefined> {
  if (keyring.userTokens === undefined) return refused("This deployment takes no user tokens.").failure;
  if (!looksLikeToken(sent)) return refused("Only a user token may stand in a URL, never a key.").failure;
  const verified = await keyring.userTokens.verify(sent);
  if (!verified.ok) return verified.failure;
  const { user, scopes } = verified.value;
  if (!scopes.some((scope) => allowed.includes(`user:${scope}`))) return { code: "token-scope" };
  // The answer for another user is the one for a user who is not there. The id is read as the handler reads it.
  const { routeIndex } = c.req;
  c.req.routeIndex = at;
  const id = c.req.param("id");
  c.req.routeIndex = routeIndex;
  if (id !== user) return { code: "profile-unknown" };
  c.set("user", user);
  return undefined;
}

const CHALLENGE = 'Bearer realm="limn"';
const INVALID = { "WWW-Authenticate": `${CHALLENGE}, error="invalid_token"` };

/** The key or token of an Authorization header: `Bearer KEY`, or `Basic base64("KEY:")`. */
function readHeader(header: string | undefined): string | undefined {
  const space = header?.indexOf(" ") ?? -1;
  if (header === undefined || space < 0) return undefined;
  const credentials = header.slice(space + 1).trim();
  switch (header.slice(0, space).toLowerCase()) {
    case "bearer":
      return credentials || undefined;
    case "basic": {
      const pair = Buffer.from(credentials, "base64").toString("utf8");
      return pair.endsWith(":") && pair.length > 1 ? pair.slice(0, -1) : undefined;
    }
    default:
      return undefined;
  }
}

import { Buffer } from "node:buffer";
import type { Handler, Next } from "hono";
import type { Key, KeyKind } from "../keys/key.ts";
import type { Context } from "./context.ts";
import { type Keyring, keyringOf } from "./keyring.ts";
import { type Failure, problem } from "./problems.ts";
import { exceeds } from "./rate.ts";
import { noteArrival } from "./request-id.ts";
import { looksLikeToken, refused, type Scope } from "./user-tokens.ts";

/** What opens a route: a kind of key, or a token of the user whose profile `:id` is, with that scope. */
export type Opener = KeyKind | `user:${Scope}`;

/** Who opens a route; with `inBody`, its handler reads the key from the body when no header opened it. */
export type Access = "anyone" | readonly Opener[] | { inBody: readonly KeyKind[] };

/** Beacons can send no headers. */
const SEGMENT: Access = { inBody: ["write", "secret"] };

/** Who may use which route. A route that is not here is closed to all. */
export const ACCESS: Readonly<Record<string, Access>> = {
  "GET /healthz": "anyone",
  "GET /problems/:code": "anyone",
  "GET /openapi.json": "anyone",
  "GET /docs": "anyone",
  "GET /docs/:file": "anyone",
  "POST /v1/events": ["write", "secret"],
  "POST /v1/identify": SEGMENT,
  "POST /v1/track": SEGMENT,
  "POST /v1/page": SEGMENT,
  "POST /v1/screen": SEGMENT,
  "POST /v1/group": SEGMENT,
  "POST /v1/alias": SEGMENT,
  "POST /v1/batch": SEGMENT,
  "POST /v1/i": SEGMENT,
  "POST /v1/t": SEGMENT,
  "POST /v1/p": SEGMENT,
  "POST /v1/s": SEGMENT,
  "POST /v1/g": SEGMENT,
  "POST /v1/a": SEGMENT,
  "POST /v1/b": SEGMENT,
  // The key is in the path: to its handler that is the same.
  "GET /v1/projects/:writeKey/settings": SEGMENT,
  "GET /v1/profiles/:id": ["secret", "user:read"],
  "GET /v1/profiles/:id/live": ["secret", "user:live"],
  "GET /v1/profiles/:id/events": ["secret"],
  "DELETE /v1/profiles/:id/events/:eventId": ["secret"],
  "POST /v1/profiles/:id/rank": ["secret"],
  "POST /v1/profiles/:id/preview": ["secret"],
  "POST /v1/profiles/:id/merge": ["secret"],
  "POST /v1/profiles/:id/unmerge": ["secret"],
  "GET /v1/spaces/:space/collections/:collection/profiles/:profile/traits": ["secret"],
  "GET /v1/spaces/:space/collections/:collection/profiles/:profile/external_ids": ["secret"],
  "GET /v1/spaces/:space/collections/:collection/profiles/:profile/events": ["secret"],
  "GET /v1/spaces/:space/collections/:collection/profiles/:profile/metadata": ["secret"],
  "GET /v1/spaces/:space/collections/:collection/profiles/:profile/links": ["secret"],
  "GET /v1/failures": ["secret"],
  "DELETE /v1/failures": ["secret"],
  "POST /v1/failures/replay": ["secret"],
  "GET /v1/stats": ["secret"],
  "GET /v1/keys/revoked": ["secret"],
  "POST /v1/keys/revoke": ["secret"],
};

/** The handler of a route, behind its entry in the access table. */
export function guarded(route: string, handler: Handler): Handler {
  return guardedBy(ACCESS[route] ?? [], handler);
}

export function guardedBy(access: Access, handler: Handler): Handler {
  return (c: Context, next: Next) => {
    const answer = (failure: Failure | undefined) =>
      failure === undefined ? handler(c, next) : problem(c, failure);
    noteArrival(c);
    const verdict = admit(c, access);
    return verdict instanceof Promise ? verdict.then(answer) : answer(verdict);
  };
}

/** Why a request may not pass, if so. Nearly always at once: a promise would cost more than all of this. */
type Verdict = Failure | undefined | Promise<Failure | undefined>;

function admit(c: Context, access: Access): Verdict {
  const keyring = keyringOf(c.env);
  if (typeof keyring === "string") return { code: "not-configured", detail: keyring };
  if (access === "anyone") return undefined;
  const header = readHeader(c.req.header("Authorization"));
  if ("inBody" in access) {
    c.set("bodyKeys", access.inBody);
    // A header that says nothing to us leaves it to the body: some clients send a token of another service as well.
    const isOurs = header !== undefined && keyring.find(header) !== undefined;
    return isOurs ? openByKey(c, keyring, access.inBody, header) : undefined;
  }
  // A browser cannot give a WebSocket or an EventSource a header.
  const inUrl = header === undefined && access.includes("user:live") ? c.req.query("token") : undefined;
  if (inUrl !== undefined) return openByToken(c, keyring, access, inUrl);
  const isToken = header !== undefined && looksLikeToken(header);
  return isToken ? openByToken(c, keyring, access, header) : openByKey(c, keyring, access, header);
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

function openByKey(
  c: Context,
  keyring: Keyring,
  allowed: readonly Opener[],
  sent: string | undefined,
): Verdict {
  if (sent === undefined) return { code: "key-missing", headers: { "WWW-Authenticate": CHALLENGE } };
  const key = keyring.find(sent);
  if (key === undefined) return { code: "key-unknown", headers: INVALID };
  const isKnown = keyring.knowsRevoked();
  const limit = c.env.RATE_BY_KEY;
  return isKnown === true && !limit
    ? judge(c, keyring, allowed, key)
    : judgeLater(c, keyring, allowed, key, isKnown, limit);
}

async function judgeLater(
  c: Context,
  keyring: Keyring,
  allowed: readonly Opener[],
  key: Key,
  isKnown: boolean | Promise<boolean>,
  limit: RateLimit | undefined,
): Promise<Failure | undefined> {
  if (!(await isKnown)) return { code: "keys-unavailable" };
  return judge(c, keyring, allowed, key) ?? (limit && exceeds(c, limit, key.id));
}

function judge(c: Context, keyring: Keyring, allowed: readonly Opener[], key: Key): Failure | undefined {
  if (key.expires !== undefined && Date.now() >= key.expires)
    return { code: "key-expired", headers: INVALID };
  if (keyring.revocations.has(key.id)) return { code: "key-revoked", headers: INVALID };
  if (!allowed.includes(key.kind)) return { code: "key-scope" };
  if (key.origins.length > 0 && !key.origins.includes(c.req.header("Origin") ?? ""))
    return { code: "key-origin" };
  c.set("key", key.kind);
  c.set("keyId", key.id);
  if (key.expires !== undefined) c.set("until", key.expires);
  return undefined;
}

async function openByToken(
  c: Context,
  keyring: Keyring,
  allowed: readonly Opener[],
  sent: string,
): Promise<Failure | undefined> {
  if (keyring.userTokens === undefined) return refused("This deployment takes no user tokens.").failure;
  if (!looksLikeToken(sent)) return refused("Only a user token may stand in a URL, never a key.").failure;
  const verified = await keyring.userTokens.verify(sent);
  if (!verified.ok) return verified.failure;
  const { user, scopes, until } = verified.value;
  if (!scopes.some((scope) => allowed.includes(`user:${scope}`))) return { code: "token-scope" };
  // The answer for another user is the one for a user who is not there.
  if (c.req.param("id") !== user) return { code: "profile-unknown" };
  c.set("user", user);
  c.set("until", until);
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

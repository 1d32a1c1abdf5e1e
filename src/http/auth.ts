import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import type { Handler, Next } from "hono";
import type { Environment } from "../environment.ts";
import type { KeyKind } from "../failures/contract.ts";
import type { Context } from "./context.ts";
import { type Failure, problem } from "./problems.ts";

/** Which keys open a route; with `inBody`, its handler reads the key from the body when no header opened it. */
export type Access = "anyone" | readonly KeyKind[] | { inBody: readonly KeyKind[] };

/** Beacons can send no headers. */
const SEGMENT: Access = { inBody: ["write", "secret"] };

/** Who may use which route. A route that is not here is closed to all. */
export const ACCESS: Readonly<Record<string, Access>> = {
  "GET /healthz": "anyone",
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
  "GET /v1/profiles/:id": ["secret"],
  "GET /v1/profiles/:id/live": ["secret"],
  "GET /v1/profiles/:id/events": ["secret"],
  "DELETE /v1/profiles/:id/events/:eventId": ["secret"],
  "POST /v1/profiles/:id/rank": ["secret"],
  "POST /v1/profiles/:id/preview": ["secret"],
  "GET /v1/failures": ["secret"],
  "DELETE /v1/failures": ["secret"],
  "POST /v1/failures/replay": ["secret"],
  "GET /v1/stats": ["secret"],
};

/** The handler of a route, behind its entry in the access table. */
export function guarded(route: string, handler: Handler): Handler {
  const access = ACCESS[route] ?? [];
  return (c: Context, next: Next) => {
    const failure = admit(c, access);
    return failure === undefined ? handler(c, next) : problem(c, failure);
  };
}

function admit(c: Context, access: Access): Failure | undefined {
  const flaw = configurationFlaw(c.env);
  if (flaw !== undefined) return { code: "not-configured", detail: flaw };
  if (access === "anyone") return undefined;
  const sent = readKey(c.req.header("Authorization"));
  if (!("inBody" in access)) return open(c, access, sent);
  c.set("bodyKeys", access.inBody);
  const failure = open(c, access.inBody, sent);
  const isLeftToBody = failure?.code === "key-missing" || failure?.code === "key-unknown";
  return isLeftToBody ? undefined : failure;
}

/**
 * Opens a route whose entry has `inBody` with the key that its handler found in the body; nothing to do when the
 * request's header opened it already. Such a handler must call this, and answer the failure, before it does anything.
 */
export async function openWith(c: Context, key: string | undefined): Promise<Failure | undefined> {
  return c.get("key") === undefined ? open(c, c.get("bodyKeys") ?? [], key) : undefined;
}

function open(c: Context, allowed: readonly KeyKind[], sent: string | undefined): Failure | undefined {
  if (sent === undefined) {
    return { code: "key-missing", headers: { "WWW-Authenticate": 'Bearer realm="limn"' } };
  }
  const key = identify(sent, c.env);
  if (key === undefined) {
    const challenge = 'Bearer realm="limn", error="invalid_token"';
    return { code: "key-unknown", headers: { "WWW-Authenticate": challenge } };
  }
  if (!allowed.includes(key)) return { code: "key-scope" };
  c.set("key", key);
  return undefined;
}

/** Why this deployment must stay closed, if it must: without its keys it would otherwise fall open. */
function configurationFlaw(env: Environment): string | undefined {
  for (const name of ["WRITE_KEY", "SECRET_KEY", "ID_SECRET"] as const) {
    if (!env[name]) return `${name} is not set.`;
  }
  return env.WRITE_KEY === env.SECRET_KEY
    ? "SECRET_KEY is the same as WRITE_KEY, which is public."
    : undefined;
}

/** The key of an Authorization header: `Bearer KEY`, or `Basic base64("KEY:")`. */
function readKey(header: string | undefined): string | undefined {
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

/** Longest key that can be one, in bytes of UTF-8; its length is the last byte of what is compared. */
const KEY_BYTES = 255;

/** Compares with both keys, always and in full, so that the time tells nothing of a key, not even its length. */
function identify(sent: string, env: Environment): KeyKind | undefined {
  const fits = fill(received, sent);
  const isSecret = timingSafeEqual(received, expected(env.SECRET_KEY ?? ""));
  const isWrite = timingSafeEqual(received, expected(env.WRITE_KEY ?? ""));
  if (!fits) return undefined;
  return isSecret ? "secret" : isWrite ? "write" : undefined;
}

const encoder = new TextEncoder();
/** What was sent, in the form in which it is compared; nothing is awaited while it is in use. */
const received = new Uint8Array(KEY_BYTES + 1);
const prepared = new Map<string, Uint8Array>();

/** A key in the form in which it is compared, made once. */
function expected(key: string): Uint8Array {
  let bytes = prepared.get(key);
  if (bytes === undefined) {
    bytes = new Uint8Array(KEY_BYTES + 1);
    if (!fill(bytes, key)) throw new Error(`a key is longer than ${KEY_BYTES} bytes`);
    prepared.set(key, bytes);
  }
  return bytes;
}

/** Writes a key and, at the end, its length; false when it is too long to be one. */
function fill(bytes: Uint8Array, key: string): boolean {
  bytes.fill(0);
  const { read, written } = encoder.encodeInto(key, bytes.subarray(0, KEY_BYTES));
  bytes[KEY_BYTES] = written;
  return read === key.length;
}

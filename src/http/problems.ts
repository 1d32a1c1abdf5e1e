import type { ContentfulStatusCode } from "hono/utils/http-status";
import { answerText } from "./answer.ts";
import type { Context } from "./context.ts";
import { requestId } from "./request-id.ts";

/** A kind of problem. */
export interface Kind {
  status: ContentfulStatusCode;
  title: string;
  /** When to send the request again, in seconds. */
  retryAfter?: number;
  /** What the caller can do about it. */
  remedy: string;
}

/** Every problem a request can end with, by its code. */
export const PROBLEMS = {
  "json-malformed": { status: 400, title: "The body is not JSON", remedy: "Send JSON (RFC 8259) in UTF-8." },
  "json-too-deep": { status: 400, title: "The body is nested too deep", remedy: "Flatten it." },
  "text-malformed": { status: 400, title: "The body is not UTF-8", remedy: "Encode it as UTF-8." },
  "encoding-malformed": {
    status: 400,
    title: "The body cannot be decompressed",
    remedy: "Send the whole gzip stream.",
  },
  "header-malformed": {
    status: 400,
    title: "A header is not text",
    remedy: "Percent-encode the UTF-8 of what is not printable ASCII, and % itself.",
  },
  "body-not-events": {
    status: 400,
    title: "The body holds no events",
    remedy: "Send an event or an array of events.",
  },
  "key-missing": {
    status: 401,
    title: "A key is needed",
    remedy: "Send Authorization: Bearer <key>, or Basic with the key as the user name and no password.",
  },
  "key-unknown": {
    status: 401,
    title: "The key is not known",
    remedy: "Check the key, and that it is of this deployment.",
  },
  "key-expired": {
    status: 401,
    title: "The key has expired",
    remedy: "Mint another with limn keys create.",
  },
  "key-revoked": {
    status: 401,
    title: "The key was revoked",
    remedy: "Use another, or mint one with limn keys create.",
  },
  "token-invalid": {
    status: 401,
    title: "The user token is not accepted",
    remedy:
      "Send a JWT with the issuer, audience and algorithm of this deployment, and sub, iat, exp (a day at most) and scope.",
  },
  "key-scope": {
    status: 403,
    title: "The key may not do this",
    remedy: "Use a secret key, from a server.",
  },
  "key-origin": {
    status: 403,
    title: "The key may not be used from this origin",
    remedy: "Send it from a page of its origins, or mint one for this origin with limn keys create --origin.",
  },
  "token-scope": {
    status: 403,
    title: "The user token may not do this",
    remedy:
      "Issue it with the scope of this route, read or live; all else takes a secret key, from a server.",
  },
  "origin-foreign": {
    status: 403,
    title: "Pages of this origin may not open a WebSocket here",
    remedy: "Name the origin in LIVE_ORIGINS, or connect from a server.",
  },
  "not-found": { status: 404, title: "There is nothing here", remedy: "Check the method and the path." },
  "profile-unknown": {
    status: 404,
    title: "There is no such profile",
    remedy:
      "Check the id; a profile begins with its first event. Without a userId it is anonymous:<anonymousId>.",
  },
  "collection-unknown": {
    status: 404,
    title: "There is no such collection of profiles",
    remedy:
      "Read the collection users: there are no profiles of accounts, and what was sent of groups is with each user.",
  },
  "id-type-unknown": {
    status: 404,
    title: "Profiles are not found by ids of this kind",
    remedy:
      "Ask for user_id:<userId> or anonymous_id:<anonymousId>; no other ids are indexed, e-mail addresses neither.",
  },
  "event-unknown": {
    status: 404,
    title: "There is no such event",
    remedy: "Check both ids; the profile's events tell theirs.",
  },
  "method-not-allowed": {
    status: 405,
    title: "The method is not allowed",
    remedy: "Use a method that Allow names.",
  },
  "profile-forgotten": {
    status: 410,
    title: "The profile of that time is no longer kept",
    remedy: "Ask for a later time; the events tell how far back the history goes.",
  },
  "merge-conflict": {
    status: 409,
    title: "The profile is part of another one",
    remedy: "Take it out first with POST /v1/profiles/{id}/unmerge.",
  },
  "merge-limit": {
    status: 409,
    title: "Too much is merged into one profile",
    remedy: "Find out why so many are one person: a shared device, or an id that is given to everybody?",
  },
  "not-merged": {
    status: 409,
    title: "The profile is not part of another one",
    remedy: "Check the id: it is that of the profile to take out, such as anonymous:<anonymousId>.",
  },
  "body-too-large": { status: 413, title: "The body is too large", remedy: "Send it in several requests." },
  "too-many-events": {
    status: 413,
    title: "There are too many events",
    remedy: "Send them in several requests.",
  },
  "too-many-users": {
    status: 413,
    title: "There are too many users",
    remedy: "Send fewer users' events in a request.",
  },
  "history-too-long": {
    status: 413,
    title: "The history is too long to try a definition on it",
    remedy: "Try it on a user with fewer events, or preview without a definition.",
  },
  "media-type": {
    status: 415,
    title: "The content type is not supported",
    remedy: "Send what Accept-Post names, in UTF-8.",
  },
  "content-encoding": {
    status: 415,
    title: "The encoding is not supported",
    remedy: "Send it as it is, or as gzip.",
  },
  "no-events": { status: 422, title: "There is no event", remedy: "Send at least one event." },
  "events-rejected": {
    status: 422,
    title: "None of the events can be taken",
    remedy: "Correct what the receipts' pointers point to.",
  },
  "query-invalid": { status: 422, title: "A query parameter is not valid", remedy: "Correct or remove it." },
  "body-invalid": {
    status: 422,
    title: "The body is not what is expected",
    remedy: "Correct what pointer points to.",
  },
  "model-unknown": {
    status: 422,
    title: "There is no such model",
    remedy: "Name a model of the definition.",
  },
  "definition-invalid": {
    status: 422,
    title: "The definition is not valid",
    remedy: "Correct what errors point to.",
  },
  "too-busy": {
    status: 429,
    title: "Too many requests about one user are in progress",
    retryAfter: 1,
    remedy: "Send the request again in a moment, and events of one user in batches.",
  },
  "upgrade-required": {
    status: 426,
    title: "A live profile is not a plain response",
    remedy: "Open a WebSocket, or send Accept: text/event-stream for server-sent events.",
  },
  "too-many-readers": {
    status: 429,
    title: "The profile has too many readers",
    retryAfter: 5,
    remedy: "Close one, or share one connection among them.",
  },
  "rate-limited": {
    status: 429,
    title: "There are too many requests",
    retryAfter: 10,
    remedy: "Send the request again after Retry-After, and events in batches.",
  },
  internal: { status: 500, title: "Something went wrong here", remedy: "Report it with the x-request-id." },
  "state-corrupt": {
    status: 500,
    title: "The stored profile is damaged",
    remedy: "Nothing was changed. Restore the object from a point in time before, or erase the profile.",
  },
  "state-newer": {
    status: 503,
    title: "The stored profile was written by a newer version",
    remedy: "Nothing was changed. Deploy that version again, or send the request once the rollout is over.",
  },
  "not-configured": {
    status: 503,
    title: "The service is not configured",
    remedy: "Set secrets with wrangler secret put <name>, variables in wrangler.toml.",
  },
  "keys-unavailable": {
    status: 503,
    title: "It cannot be known now whether the key is still good",
    retryAfter: 1,
    remedy: "Send the request again in a moment.",
  },
  overloaded: {
    status: 503,
    title: "The profile has more to do than it can",
    retryAfter: 5,
    remedy: "Send the request again later, and events of one user in batches.",
  },
  merging: {
    status: 503,
    title: "The profile is in the middle of a merge",
    retryAfter: 1,
    remedy: "Send the request again in a moment.",
  },
  unavailable: {
    status: 503,
    title: "The profile cannot answer now",
    retryAfter: 1,
    remedy: "Send the request again in a moment.",
  },
  "revocations-full": {
    status: 507,
    title: "No more keys can be revoked one by one",
    remedy: "Set another KEY_SECRET: that ends all keys at once. Then mint new ones.",
  },
  "storage-full": {
    status: 507,
    title: "The profile's storage is full",
    remedy: "Nothing was changed, and reads still work. Keep fewer events (RETENTION_EVENTS), or erase some.",
  },
} satisfies Record<string, Kind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Why a request cannot be answered; `problem` turns it into the response. */
export interface Failure {
  code: ProblemCode;
  /** What is wrong this time, in one sentence; the title without it. */
  detail?: string;
  /** JSON pointer (RFC 6901) into the request's body. */
  pointer?: string;
  /** The query parameter at fault. */
  parameter?: string;
  /** Every member that is wrong, where there may be several. */
  errors?: { pointer: string; detail: string }[];
  headers?: Record<string, string>;
}

export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** The status of a failure, and in one text what is wrong and what to do: for answers that have a form of their own as well. */
export function explain({ code, detail }: Failure): { status: number; message: string } {
  const { status, title, remedy }: Kind = PROBLEMS[code];
  return { status, message: `${detail ?? `${title}.`} ${remedy}` };
}

/** The response to a failure: problem details (RFC 9457), with further members where `more` has some. */
export function problem(c: Context, failure: Failure, more: object = {}): Response {
  const { status, title, retryAfter, remedy }: Kind = PROBLEMS[failure.code];
  const { pointer, parameter, errors } = failure;
  const type = `/problems/${failure.code}`;
  const detail = failure.detail ?? `${title}.`;
  // What clients keep of a problem is its body: with the request's id in it, it can be found in the log. As a fragment,
  // any id makes a reference, and what stands before it is there.
  const instance = `${type}#${requestId(c)}`;
  const body = { type, title, status, detail, instance, pointer, parameter, errors, remedy, ...more };
  return answerText(c, JSON.stringify(body), status, {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
    ...failure.headers,
  });
}

import { Hono } from "hono";
import type * as v from "valibot";
import type { Event } from "../events/event.ts";
import type { EventsQuery, Failed } from "../profile/contract.ts";
import type { Moved } from "../profile/merge-contract.ts";
import { answer } from "./answer.ts";
import type { App, Context } from "./context.ts";
import { encodeCursor } from "./cursor.ts";
import { ask } from "./objects.ts";
import { explain, type Failure, problem } from "./problems.ts";
import { readQuery } from "./query.ts";
import { addressOf, externalId } from "./space-address.ts";
import {
  EventsRequest,
  ExternalIdsRequest,
  encodeName,
  LinksRequest,
  MetadataRequest,
  TraitsRequest,
} from "./space-queries.ts";
import { type Ends, endsOf, isKnown, traitsOf } from "./space-reads.ts";

const PROFILE = "/v1/spaces/:space/collections/:collection/profiles/:profile";

/**
 * The paths and answers of Segment's Profile API over our profiles. A deployment is one space, whatever its name in the
 * path is: clients have that of their own in their settings.
 */
export const spaces = new Hono<App>();

/** What the user declared, by name; with `class=computed_trait`, what was worked out; there are no audiences. */
spaces.get(`${PROFILE}/traits`, async (c) => {
  const query = readQuery(c, TraitsRequest);
  if (!query.ok) return refuse(c, query.failure);
  const address = addressOf(c);
  if (!address.ok) return refuse(c, address.failure);
  const { class: kind, include, limit, verbose, next } = query.value;
  const asked = await ask(c, address.value.user, (profile) => traitsOf(profile, kind));
  if (!asked.ok) return refuse(c, asked.failure);
  const { value: found } = asked;
  if (found.status === "unknown") return refuse(c, { code: "profile-unknown" });

  // By name, so that a trait that comes or goes between two pages neither repeats nor hides another.
  const wanted = found.traits
    .filter(({ name }) => include?.includes(name) !== false && (next === undefined || name > next))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = wanted.slice(0, limit);
  const last = wanted.length > limit ? page.at(-1) : undefined;
  const shown = page.map(({ name, value, source, updatedAt }) => [
    name,
    verbose ? { value, source_id: source, updated_at: updatedAt } : value,
  ]);
  return respond(c, {
    // Not by assignment: a trait may be named __proto__.
    traits: Object.fromEntries(shown),
    cursor: cursorOf(c, limit, last === undefined ? undefined : encodeName(last.name)),
  });
});

/** The ids the profile has: the one it goes by, and those of the profiles that were merged into it. */
spaces.get(`${PROFILE}/external_ids`, async (c) => {
  const query = readQuery(c, ExternalIdsRequest);
  if (!query.ok) return refuse(c, query.failure);
  const found = await readEnds(c);
  if (!found.ok) return found.response;
  const { ids, first, firstSeen } = found.ends;
  const { include, limit, next } = query.value;
  // In the order of their text: one that is merged meanwhile shifts no page.
  const wanted = ids
    .filter((id) => include?.includes(externalId(id).type) !== false && (next === undefined || id > next))
    .sort();
  const page = wanted.slice(0, limit);
  const data = page.map((id) => ({
    ...externalId(id),
    source_id: first?.source ?? null,
    created_at: firstSeen,
    first_message_id: first?.id ?? null,
  }));
  const last = wanted.length > limit ? page.at(-1) : undefined;
  return respond(c, { data, cursor: cursorOf(c, limit, last === undefined ? undefined : encodeName(last)) });
});

/** The events, newest first unless `sort=asc`. */
spaces.get(`${PROFILE}/events`, async (c) => {
  const query = readQuery(c, EventsRequest);
  if (!query.ok) return refuse(c, query.failure);
  const address = addressOf(c);
  if (!address.ok) return refuse(c, address.failure);
  const asked = await ask(c, address.value.user, async (profile) => {
    const page = await profile.events(toEventsQuery(query.value));
    const isEmpty = page.status === "listed" && page.events.length === 0;
    return isEmpty && !(await isKnown(profile)) ? UNKNOWN : page;
  });
  if (!asked.ok) return refuse(c, asked.failure);
  const { value: page } = asked;
  if (page.status === "unknown") return refuse(c, { code: "profile-unknown" });
  return respond(c, {
    data: page.events.map(present),
    cursor: cursorOf(c, query.value.limit, page.next === undefined ? undefined : encodeCursor(page.next)),
  });
});

/** When the profile began and last changed, and by which events; times are those of the events. */
spaces.get(`${PROFILE}/metadata`, async (c) => {
  const query = readQuery(c, MetadataRequest);
  if (!query.ok) return refuse(c, query.failure);
  const found = await readEnds(c);
  if (!found.ok) return found.response;
  const { first, last, firstSeen, lastSeen } = found.ends;
  return respond(c, {
    metadata: {
      created_at: firstSeen,
      updated_at: lastSeen,
      expires_at: null,
      first_message_id: first?.id ?? null,
      first_source_id: first?.source ?? null,
      last_message_id: last?.id ?? null,
      last_source_id: last?.source ?? null,
    },
  });
});

/** The accounts the user is linked to: none, for there are no profiles of accounts. */
spaces.get(`${PROFILE}/links`, async (c) => {
  const query = readQuery(c, LinksRequest);
  if (!query.ok) return refuse(c, query.failure);
  const found = await readEnds(c);
  if (!found.ok) return found.response;
  return respond(c, { data: [], cursor: cursorOf(c, query.value.limit) });
});

const UNKNOWN: { status: "unknown" } = { status: "unknown" };

type Found = { ok: true; ends: Ends } | { ok: false; response: Response };

/** Whose profile a request is about, with its first and last event. */
async function readEnds(c: Context): Promise<Found> {
  const address = addressOf(c);
  if (!address.ok) return { ok: false, response: refuse(c, address.failure) };
  const asked = await ask(
    c,
    address.value.user,
    (profile): Promise<Ends | typeof UNKNOWN | Moved | Failed> => endsOf(profile),
  );
  if (!asked.ok) return { ok: false, response: refuse(c, asked.failure) };
  const ends = asked.value;
  return ends.status === "unknown"
    ? { ok: false, response: refuse(c, { code: "profile-unknown" }) }
    : { ok: true, ends };
}

function toEventsQuery(query: v.InferOutput<typeof EventsRequest>): EventsQuery {
  const { limit, include, exclude, start, end, sort, next } = query;
  return {
    limit,
    ...(include === undefined ? {} : { name: include }),
    ...(exclude === undefined ? {} : { otherThan: exclude }),
    ...(start === undefined ? {} : { from: start }),
    ...(end === undefined ? {} : { to: end }),
    ...(sort === "asc" ? { oldestFirst: true } : {}),
    ...(next === undefined ? {} : { cursor: next }),
  };
}

/** An event in Segment's form; of its context nothing is kept. */
function present({ user, id, name, time, properties, traits, source, origin }: Event) {
  return {
    external_ids: [externalId(origin ?? user)],
    context: traits === undefined ? {} : { traits },
    type: CALLS.get(name) ?? "track",
    event: name,
    properties,
    timestamp: new Date(time).toISOString(),
    message_id: id,
    source_id: source ?? null,
    related: { users: user },
  };
}

/** The calls that make events of these names (`events/segment-call.ts`). */
const CALLS: ReadonlyMap<string, string> = new Map([
  ["Identify", "identify"],
  ["Page Viewed", "page"],
  ["Screen Viewed", "screen"],
  ["Group", "group"],
  ["Alias", "alias"],
]);

/** Where the list goes on; `url` is that of the next page, and of this one when it is the last. */
function cursorOf(c: Context, limit: number, next?: string) {
  const { pathname, searchParams } = new URL(c.req.url);
  if (next !== undefined) searchParams.set("next", next);
  const search = searchParams.toString();
  const url = search === "" ? pathname : `${pathname}?${search}`;
  return { url, has_more: next !== undefined, next: next ?? "", limit };
}

function respond(c: Context, value: object): Response {
  return answer(c, value, 200, { "Cache-Control": "private, no-cache" });
}

/** A problem like any other, and in it what clients of the Profile API look for. */
function refuse(c: Context, failure: Failure): Response {
  const { status, message } = explain(failure);
  return problem(c, failure, { error: { code: errorCode(status), message } });
}

function errorCode(status: number): string {
  if (status === 404) return "not_found";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "validation_error" : "server_error";
}

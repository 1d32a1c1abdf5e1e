import { Hono } from "hono";
import * as v from "valibot";
import type { Event } from "../events/event.ts";
import { isProfileId } from "../events/validate.ts";
import type { EventsQuery } from "../profile/contract.ts";
import { answer } from "./answer.ts";
import type { App } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { ask } from "./objects.ts";
import { problem } from "./problems.ts";
import { readQuery, Time, whole } from "./query.ts";

export const HistoryRequest = v.strictObject({
  limit: v.optional(whole(1, 200), "50"),
  cursor: v.optional(
    v.pipe(
      v.string(),
      v.transform(decodeCursor),
      v.object({ time: v.number(), id: v.string() }, "the cursor.next of the page before is expected"),
    ),
  ),
  event: v.optional(v.string()),
  from: v.optional(Time),
  to: v.optional(Time),
});

/** `GET /v1/profiles/:id/events`: the events a profile is made of, newest first, a page at a time. */
export const history = new Hono<App>();

history.get("/v1/profiles/:id/events", async (c) => {
  const query = readQuery(c, HistoryRequest);
  if (!query.ok) return problem(c, query.failure);
  const id = c.req.param("id");
  if (!isProfileId(id)) return problem(c, { code: "profile-unknown" });

  const asked = await ask(c, id, (profile) => profile.events(toEventsQuery(query.value)));
  if (!asked.ok) return problem(c, asked.failure);
  const { events, next } = asked.value;
  return answer(
    c,
    {
      data: events.map(present),
      cursor: { next: next === undefined ? null : encodeCursor(next), has_more: next !== undefined },
    },
    200,
    { "Cache-Control": "private, no-cache" },
  );
});

function toEventsQuery({
  limit,
  cursor,
  event,
  from,
  to,
}: v.InferOutput<typeof HistoryRequest>): EventsQuery {
  return {
    limit,
    ...(event === undefined ? {} : { name: event }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

function present({ id, name, time, receivedAt, properties, traits, origin }: Event) {
  return {
    id,
    event: name,
    timestamp: new Date(time).toISOString(),
    receivedAt: new Date(receivedAt).toISOString(),
    properties,
    traits,
    origin,
  };
}

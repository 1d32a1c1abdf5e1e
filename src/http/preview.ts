import { Hono } from "hono";
import * as v from "valibot";
import type { Event } from "../events/event.ts";
import { decodeNative } from "../events/native.ts";
import { ANONYMOUS, isProfileId } from "../events/validate.ts";
import type { PreviewRequest } from "../profile/contract.ts";
import { answerText } from "./answer.ts";
import type { App } from "./context.ts";
import { readJson } from "./json-body.ts";
import { ask } from "./objects.ts";
import { problem, type Result } from "./problems.ts";
import { BodyTime } from "./query.ts";

/** Longest draft of a definition, as JSON: twenty times the default one. */
const DEFINITION_LENGTH = 65_536;

export const PreviewBody = v.strictObject(
  {
    // What an event is decides its decoder, what a definition is its own schema.
    events: v.optional(v.array(v.unknown(), "an array of events is expected"), []),
    definition: v.optional(v.custom<object>(isObject, "a definition, as written in a file, is expected")),
    at: v.optional(BodyTime),
  },
  "an object with events, definition and at, or some of them, is expected",
);

/**
 * `POST /v1/profiles/:id/preview`: the profile as it would be with `events` more, or under a draft of a definition.
 * Nothing is written, and nothing counted: no event was received.
 */
export const preview = new Hono<App>().post("/v1/profiles/:id/preview", async (c) => {
  const body = await readJson(c, PreviewBody);
  if (!body.ok) return problem(c, body.failure);
  const id = c.req.param("id");
  if (!isProfileId(id)) return problem(c, { code: "profile-unknown" });
  const { definition, at } = body.value;
  if (definition !== undefined && JSON.stringify(definition).length > DEFINITION_LENGTH) {
    const detail = `a definition of at most ${DEFINITION_LENGTH} characters of JSON is expected`;
    return problem(c, { code: "definition-invalid", errors: [{ pointer: "/definition", detail }] });
  }
  const events = readEvents(body.value.events, id, Date.now());
  if (!events.ok) return problem(c, events.failure);

  const request: PreviewRequest = {
    events: events.value,
    ...(definition === undefined ? {} : { definition }),
    ...(at === undefined ? {} : { at }),
  };
  const asked = await ask(c, id, (profile, at) => profile.preview(at, request));
  if (!asked.ok) return problem(c, asked.failure);
  const result = asked.value;
  switch (result.status) {
    case "invalid": {
      const errors = result.issues.map(({ pointer, detail }) => ({
        pointer: `/definition${pointer}`,
        detail,
      }));
      return problem(c, { code: "definition-invalid", errors });
    }
    case "too-long": {
      const detail = `A definition is tried on at most ${result.most} events.`;
      return problem(c, { code: "history-too-long", detail });
    }
    case "previewed":
      return answerText(c, result.json, 200, {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
      });
  }
});

/** Decides events by the decoder of `POST /v1/events`; they are the user's, and need not say so. */
function readEvents(items: readonly unknown[], user: string, receivedAt: number): Result<Event[]> {
  if (items.length === 0) return { ok: true, value: [] };
  const decoded = decodeNative(JSON.stringify(items.map((item) => ofUser(item, user))), receivedAt);
  if (!decoded.ok) return { ok: false, failure: decoded };
  const events: Event[] = [];
  const errors: { pointer: string; detail: string }[] = [];
  decoded.items.forEach((item, i) => {
    if (!item.ok) {
      const { pointer, detail } = item.rejection;
      errors.push({ pointer: `/events/${i}${pointer}`, detail });
    } else if (item.event.user !== user) {
      errors.push({ pointer: `/events/${i}`, detail: "The event is another user's: leave its userId out." });
    } else events.push(item.event);
  });
  const [first] = errors;
  return first === undefined
    ? { ok: true, value: events }
    : { ok: false, failure: { code: "body-invalid", ...first, errors } };
}

/** The item with the user's id, when it has none. */
function ofUser(item: unknown, user: string): unknown {
  if (!isObject(item)) return item;
  const names = Object.entries(item).some(
    ([name, value]) => (name === "userId" || name === "anonymousId") && value !== null,
  );
  if (names) return item;
  return user.startsWith(ANONYMOUS)
    ? { ...item, anonymousId: user.slice(ANONYMOUS.length) }
    : { ...item, userId: user };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

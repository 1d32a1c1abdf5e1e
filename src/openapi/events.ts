import * as v from "valibot";
import { EVENTS_PER_REQUEST, ID_LENGTH, NAME_LENGTH, SOURCE_LENGTH, USER_LENGTH } from "../events/limits.ts";
import { BodyTime } from "../http/query.ts";
import { Properties } from "../http/rank.ts";
import { JSON_BODY, ONE_PROFILE, type Operations } from "./operation.ts";
import { AnyJson, Problem, Version } from "./values.ts";

const text = (length: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(length));
const Id = text(ID_LENGTH);

/*
 * Schemas of requests that are not the validator's own, as those of `segment.ts`: events are validated by hand
 * (`events/validate.ts`), which is several times as fast. A test holds the two against each other.
 */
const EventMembers = v.object({
  id: v.nullish(Id),
  messageId: v.nullish(Id),
  userId: v.nullish(text(USER_LENGTH)),
  anonymousId: v.nullish(text(USER_LENGTH)),
  event: v.nullish(text(NAME_LENGTH)),
  timestamp: v.nullish(BodyTime),
  properties: v.nullish(Properties),
  traits: v.nullish(Properties),
});

export const Event = v.pipe(
  EventMembers,
  v.metadata({
    examples: [
      {
        id: "e-1",
        userId: "ann",
        event: "Product Viewed",
        timestamp: "2026-11-25T10:00:00Z",
        properties: { product_id: "p-7", category: "Shoes", brand: "Juno", price: 79.9 },
      },
    ],
  }),
);

export const Events = v.union([
  Event,
  v.pipe(v.array(Event), v.minLength(1), v.maxLength(EVENTS_PER_REQUEST)),
]);

export const CloudEvent = v.object({
  specversion: v.literal("1.0"),
  id: v.pipe(v.string(), v.minLength(1)),
  source: text(SOURCE_LENGTH),
  type: text(NAME_LENGTH),
  time: v.nullish(v.string()),
  subject: v.nullish(v.string()),
  userid: v.nullish(text(USER_LENGTH)),
  anonymousid: v.nullish(text(USER_LENGTH)),
  datacontenttype: v.nullish(v.string()),
  data: v.optional(AnyJson),
  data_base64: v.nullish(v.string()),
});

/** Why an event is no event; and those of a body, where one that was kept is tried again. */
const REJECTIONS = [
  "body-not-events",
  "body-too-large",
  "cloudevent-incomplete",
  "data-base64-invalid",
  "datacontenttype-unsupported",
  "event-not-object",
  "event-too-large",
  "group-invalid",
  "header-malformed",
  "id-invalid",
  "id-missing",
  "json-malformed",
  "json-too-deep",
  "name-invalid",
  "name-missing",
  "no-events",
  "number-out-of-range",
  "poison",
  "previous-id-invalid",
  "properties-invalid",
  "source-invalid",
  "specversion-unsupported",
  "text-invalid",
  "time-in-future",
  "time-invalid",
  "time-too-early",
  "too-deep",
  "too-many-events",
  "too-many-keys",
  "traits-invalid",
  "type-invalid",
  "user-invalid",
  "user-missing",
  "user-reserved",
] as const;

export const RejectionCode = v.picklist(REJECTIONS);

/** Why an event is not decided: what asking its object can end with. */
const RetryCode = v.picklist(["merging", ...ONE_PROFILE]);

const merged = v.optional(v.string());
const detail = v.string();

/** The receipts of one event, each with these members more. */
export function receiptsWith<const E extends v.ObjectEntries>(entries: E) {
  return v.variant("status", [
    v.object({ ...entries, id: Id, status: v.literal("applied"), version: Version, merged }),
    v.object({
      ...entries,
      id: Id,
      status: v.literal("duplicate"),
      conflict: v.optional(v.literal(true)),
      version: Version,
      merged,
    }),
    v.object({ ...entries, id: Id, status: v.literal("late"), code: v.literal("past-retention"), detail }),
    v.object({
      ...entries,
      id: v.optional(Id),
      status: v.literal("rejected"),
      pointer: v.string(),
      code: RejectionCode,
      detail,
    }),
    v.object({
      ...entries,
      id: Id,
      status: v.literal("suppressed"),
      code: v.literal("event-erased"),
      detail,
    }),
    v.object({ ...entries, id: v.string(), status: v.literal("retry"), code: RetryCode, detail }),
  ]);
}

export const Receipt = receiptsWith({ index: v.pipe(v.number(), v.integer(), v.minValue(0)) });

const Receipts = v.object({ receipts: v.array(Receipt) });

export const EventsProblem = v.object({ ...Problem.entries, receipts: v.optional(v.array(Receipt)) });

export const eventOperations: Operations = {
  "POST /v1/events": {
    id: "sendEvents",
    tag: "Events",
    summary: "Send events",
    description:
      "One event or many, of one user or many, and a receipt for each, in order. An id is applied once: to send an event " +
      "again is harmless. JSON, NDJSON, or CloudEvents 1.0 in structured, batch or binary mode (its attributes then are " +
      "in ce- headers, and the body is its data). gzip is taken. At most 2 MiB decompressed.",
    body: {
      "application/json": Events,
      "text/plain": v.string(),
      "application/x-ndjson": v.string(),
      "application/cloudevents+json": CloudEvent,
      "application/cloudevents-batch+json": v.array(CloudEvent),
    },
    answers: {
      200: { description: "All are in their profiles: applied now, or before.", schema: Receipts },
      207: { description: "Some are not: each receipt says what became of its event.", schema: Receipts },
    },
    problems: [
      ...JSON_BODY.filter((code) => code !== "body-invalid"),
      ...ONE_PROFILE,
      "header-malformed",
      "body-not-events",
      "no-events",
      "events-rejected",
      "too-many-events",
      "too-many-users",
    ],
    problem: EventsProblem,
  },
};

import * as v from "valibot";
import { EVENTS_PER_REQUEST, ID_LENGTH, NAME_LENGTH, USER_LENGTH } from "../events/limits.ts";
import { CALLS, type Call } from "../events/segment-call.ts";
import { BodyTime } from "../http/query.ts";
import { Properties } from "../http/rank.ts";
import { EventsProblem, Receipt } from "./events.ts";
import { JSON_BODY, ONE_PROFILE, type Operation, type Operations } from "./operation.ts";

const text = (length: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(length));
const User = text(USER_LENGTH);
const Context = v.nullish(Properties);
const shared = { context: Context, sentAt: v.optional(v.unknown()), timestamp: v.nullish(BodyTime) };
const writeKey = v.optional(v.string());

/** What the calls have in common. They are validated by hand, as events are (`events/segment-call.ts`). */
const common = {
  messageId: v.nullish(text(ID_LENGTH)),
  userId: v.nullish(User),
  anonymousId: v.nullish(User),
  originalTimestamp: v.nullish(BodyTime),
  integrations: v.optional(v.unknown()),
  ...shared,
};
const screened = { name: v.nullish(v.string()), category: v.nullish(v.string()), properties: Context };

/** Of each call what only it has. */
const OWN = {
  identify: { traits: Context },
  track: { event: text(NAME_LENGTH), properties: Context },
  page: screened,
  screen: screened,
  group: { groupId: User, traits: Context },
  alias: { previousId: User },
} satisfies Record<Call, v.ObjectEntries>;

const SUMMARIES: Record<Call, string> = {
  identify: "Say who a user is",
  track: "Send what a user did",
  page: "Send a page that a user saw",
  screen: "Send a screen that a user saw",
  group: "Say what group a user is of",
  alias: "Say that an anonymous user was this one all along",
};

/** A call that comes alone. */
const alone = (call: Call) => v.object({ ...common, ...OWN[call], writeKey, type: v.optional(v.unknown()) });

const calls = CALLS.map((call) => ({ call, schema: alone(call) }));

/** By the names that they have in the document. */
export const segmentCalls: Record<string, v.GenericSchema> = Object.fromEntries(
  calls.map(({ call, schema }) => [`Segment${call.charAt(0).toUpperCase()}${call.slice(1)}`, schema]),
);

export const SegmentBatch = v.object({
  batch: v.pipe(
    v.array(
      v.variant(
        "type",
        CALLS.map((call) => v.object({ type: v.literal(call), ...common, ...OWN[call] })),
      ),
    ),
    v.minLength(1),
    v.maxLength(EVENTS_PER_REQUEST),
  ),
  writeKey,
  integrations: v.optional(v.unknown()),
  ...shared,
});

export const SegmentAnswer = v.object({ success: v.literal(true), receipts: v.array(Receipt) });

function operation(id: string, summary: string, body: v.GenericSchema): Operation {
  return {
    id,
    tag: "Segment",
    summary,
    description:
      "As Segment's clients send it; the key may also be the writeKey of the body. When any of it is uncertain, the whole " +
      "is refused with a status that clients try again after: each messageId is applied once. At most 500 KiB decompressed.",
    body: {
      "application/json": body,
      "text/plain": v.string(),
      "application/x-www-form-urlencoded": v.string(),
    },
    answers: { 200: { description: "All is decided; the receipts say how.", schema: SegmentAnswer } },
    problems: [
      ...JSON_BODY.filter((code) => code !== "body-invalid"),
      ...ONE_PROFILE.filter((code) => !code.startsWith("state-")),
      "body-not-events",
      ...(id.startsWith("batch")
        ? (["no-events", "too-many-events", "too-many-users"] as const)
        : ([] as const)),
      "events-rejected",
    ],
    problem: EventsProblem,
  };
}

/** Both paths of a call: the browser client uses its first letter. */
function both(name: string, summary: string, body: v.GenericSchema): [string, Operation][] {
  return [
    [`POST /v1/${name}`, operation(name, summary, body)],
    [`POST /v1/${name.charAt(0)}`, operation(`${name}Short`, `${summary} (the path of browsers)`, body)],
  ];
}

export const segmentOperations: Operations = {
  ...Object.fromEntries(calls.flatMap(({ call, schema }) => both(call, SUMMARIES[call], schema))),
  ...Object.fromEntries(both("batch", "Send many calls", SegmentBatch)),
  "GET /v1/projects/:writeKey/settings": {
    id: "settings",
    tag: "Segment",
    summary: "Read what the browser client asks for first",
    description:
      "With its cdnURL set to this host the client needs no other setting. The key is the one of the path.",
    answers: {
      200: {
        description: "Where to send events.",
        schema: v.object({
          integrations: v.object({
            "Segment.io": v.object({ apiKey: v.string(), apiHost: v.string(), protocol: v.string() }),
          }),
          metrics: v.object({ sampleRate: v.literal(0) }),
        }),
      },
    },
    problems: [],
  },
};

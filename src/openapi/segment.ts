import * as v from "valibot";
import { EVENTS_PER_REQUEST, ID_LENGTH, NAME_LENGTH, USER_LENGTH } from "../events/limits.ts";
import { CALLS } from "../events/segment-call.ts";
import { BodyTime } from "../http/query.ts";
import { Properties } from "../http/rank.ts";
import { EventsProblem, Receipt } from "./events.ts";
import { JSON_BODY, ONE_PROFILE, type Operation, type Operations } from "./operation.ts";
import { AnyJson } from "./values.ts";

const text = (length: number) => v.nullish(v.pipe(v.string(), v.minLength(1), v.maxLength(length)));

/** What a call may say for itself, and a batch for all of its calls. */
const shared = {
  context: v.nullish(AnyJson),
  integrations: v.nullish(AnyJson),
  sentAt: v.nullish(BodyTime),
  timestamp: v.nullish(BodyTime),
  writeKey: v.nullish(v.string()),
};

const call = {
  messageId: text(ID_LENGTH),
  userId: text(USER_LENGTH),
  anonymousId: text(USER_LENGTH),
  originalTimestamp: v.nullish(BodyTime),
  event: text(NAME_LENGTH),
  name: v.nullish(AnyJson),
  category: v.nullish(AnyJson),
  properties: v.nullish(Properties),
  traits: v.nullish(Properties),
  groupId: text(USER_LENGTH),
  previousId: text(USER_LENGTH),
  ...shared,
};

/** As `event` of events: validated by hand (`events/segment-call.ts`). */
export const SegmentCall = v.object({ type: v.nullish(v.string()), ...call });

export const SegmentBatch = v.object({
  batch: v.pipe(
    v.array(v.object({ ...call, type: v.picklist(CALLS) })),
    v.minLength(1),
    v.maxLength(EVENTS_PER_REQUEST),
  ),
  ...shared,
});

const Taken = v.object({ success: v.literal(true), receipts: v.array(Receipt) });

const Settings = v.object({
  integrations: v.object({
    "Segment.io": v.object({ apiKey: v.string(), apiHost: v.string(), protocol: v.string() }),
  }),
  metrics: v.object({ sampleRate: v.number() }),
});

const ONE_CALL: Operation["problems"] = [
  ...JSON_BODY.filter((code) => code !== "body-invalid"),
  ...ONE_PROFILE.filter((code) => !code.startsWith("state-")),
  "body-not-events",
  "events-rejected",
];
const MANY_CALLS: Operation["problems"] = [...ONE_CALL, "no-events", "too-many-events", "too-many-users"];

const KEY = "The key may also be Basic, or the writeKey of the body. At most 500 KiB decompressed.";

function describe(name: (typeof CALLS)[number] | "batch", isShort: boolean): Operation {
  const isBatch = name === "batch";
  const schema = isBatch ? SegmentBatch : SegmentCall;
  return {
    id: isShort ? `${name}ByLetter` : name,
    tag: "Segment",
    summary: isShort ? `As POST /v1/${name}: the browser client's name for it` : SUMMARIES[name],
    description: KEY,
    body: {
      "application/json": schema,
      "text/plain": v.string(),
      "application/x-www-form-urlencoded": v.string(),
    },
    answers: {
      200: {
        description: isBatch
          ? "All are decided, and some of them taken: each receipt says what became of its event."
          : "It is decided: the receipt says what became of it.",
        schema: Taken,
      },
    },
    problems: isBatch ? MANY_CALLS : ONE_CALL,
    problem: EventsProblem,
  };
}

const SUMMARIES = {
  identify: "Say who a user is",
  track: "Say what a user did",
  page: "Say which page a user saw",
  screen: "Say which screen a user saw",
  group: "Say which group a user belongs to",
  alias: "Say that two ids are one user's",
  batch: "Send many calls",
};

export const segmentOperations: Operations = {
  ...Object.fromEntries(
    ([...CALLS, "batch"] as const).flatMap((name) => [
      [`POST /v1/${name}`, describe(name, false)],
      [`POST /v1/${name.charAt(0)}`, describe(name, true)],
    ]),
  ),
  "GET /v1/projects/:writeKey/settings": {
    id: "readSettings",
    tag: "Segment",
    summary: "What Segment's browser client asks for first",
    answers: { 200: { description: "Where it sends events: here.", schema: Settings } },
    problems: ["key-scope"],
  },
};

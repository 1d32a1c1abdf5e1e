import * as v from "valibot";
import { HistoryRequest } from "../http/history.ts";
import { LiveRequest } from "../http/live.ts";
import { MergeRequest } from "../http/merge.ts";
import { PreviewBody } from "../http/preview.ts";
import { ProfileRequest } from "../http/profiles.ts";
import { RankBody } from "../http/rank.ts";
import { JSON_BODY, ONE_PROFILE, type Operations, query } from "./operation.ts";
import { AnyJson, AnyObject, Count, Cursor, Instant, Version } from "./values.ts";

const Maybe = v.nullable(v.number());
const byName = <S extends v.GenericSchema>(schema: S) => v.record(v.string(), schema);

const NumberStatistics = v.object({
  count: Count,
  sum: v.number(),
  mean: Maybe,
  sd: Maybe,
  min: Maybe,
  max: Maybe,
  median: Maybe,
  last: Maybe,
  clipped: Count,
});

const Interest = v.object({
  total: v.number(),
  top: v.array(v.object({ key: v.string(), weight: v.number(), error: v.number(), share: v.number() })),
});

const Window = v.object({ events: Count, value: v.number(), counts: byName(Count) });

const Score = v.object({
  probability: v.number(),
  sd: v.number(),
  calibrated: v.number(),
  examples: v.number(),
  positives: v.number(),
  pending: Count,
  skipped: v.number(),
  trend: Maybe,
});

const Quality = v.object({
  examples: v.number(),
  logLoss: Maybe,
  baseLogLoss: Maybe,
  priorLogLoss: Maybe,
  accuracy: Maybe,
  calibration: v.object({
    slope: v.number(),
    intercept: v.number(),
    ece: Maybe,
    bins: v.array(v.object({ count: v.number(), meanProbability: Maybe, positives: v.number() })),
  }),
  drift: v.object({ detections: v.number(), lastAt: v.nullable(Instant) }),
  uniformRate: Maybe,
});

/** All of a profile; those members are there that were asked for. */
const entries = {
  id: v.string(),
  version: Version,
  asOf: Instant,
  definition: v.string(),
  digest: v.string(),
  events: Count,
  firstSeen: v.nullable(Instant),
  lastSeen: v.nullable(Instant),
  traits: byName(v.object({ value: AnyJson, time: Instant, source: v.optional(v.string()) })),
  numbers: byName(NumberStatistics),
  interests: byName(Interest),
  windows: byName(Window),
  scores: byName(Score),
  quality: byName(Quality),
  merged: v.array(v.string()),
  merging: v.literal(true),
  refolding: v.nullable(v.object({ done: Count, total: Count })),
};

export const Profile = v.partial(v.object(entries));

const Preview = v.object({
  ...v.omit(v.object(entries), ["merged", "merging"]).entries,
  preview: v.literal(true),
});

export const LiveMessage = v.variant("type", [
  v.object({ type: v.literal("snapshot"), version: Version, profile: v.nullable(Profile) }),
  v.object({ type: v.literal("change"), version: Version, changed: Profile }),
  v.object({ type: v.literal("moved"), to: v.string() }),
]);

export const HistoryEvent = v.object({
  id: v.string(),
  event: v.string(),
  timestamp: Instant,
  receivedAt: Instant,
  properties: AnyObject,
  traits: v.optional(AnyObject),
  origin: v.optional(v.string()),
});

const Ranking = v.object({
  model: v.string(),
  version: Version,
  seed: v.optional(Count),
  ranked: v.array(
    v.object({
      id: v.string(),
      score: v.number(),
      sd: v.number(),
      propensity: v.optional(v.number()),
      contributions: v.optional(v.array(v.object({ feature: v.string(), value: v.number() }))),
    }),
  ),
});

const Merged = v.object({
  status: v.picklist(["merged", "same", "already"]),
  from: v.string(),
  into: v.string(),
  moving: v.boolean(),
});

const Unmerged = v.object({
  status: v.literal("unmerged"),
  id: v.string(),
  from: v.string(),
  members: v.array(v.string()),
  moving: v.boolean(),
});

export const profileOperations: Operations = {
  "GET /v1/profiles/:id": {
    id: "readProfile",
    tag: "Profiles",
    summary: "Read a profile",
    description: "As it is now, or as it reads at a time; all of it, or some members.",
    query: query(ProfileRequest, {
      at: "As it reads at this time.",
      fields: "Only these members.",
    }),
    headers: [
      { name: "If-None-Match", description: "The ETag of the copy that you have.", schema: v.string() },
    ],
    answers: {
      200: { description: "The profile.", schema: Profile, headers: { ETag: "The profile's version." } },
      304: { description: "Your copy is the newest.", headers: { ETag: "The profile's version." } },
    },
    problems: ["query-invalid", "profile-unknown", "profile-forgotten", ...ONE_PROFILE],
  },
  "GET /v1/profiles/:id/live": {
    id: "followProfile",
    tag: "Profiles",
    summary: "Follow a profile live",
    description:
      "The profile and then each change of it, as a WebSocket (with Upgrade: websocket) or as server-sent events (with " +
      "Accept: text/event-stream). Each message, and the data of each event, is a LiveMessage. On a WebSocket " +
      '{"type":"ack","version":n} acknowledges what has come. Whoever has no profile yet can be waited for. A connection ' +
      "ends with its key or token: when that expires, or within 60 s of the key's revocation. The close codes: 1000 after " +
      "moved; 1003, 1008 or 1009 for messages that are no acknowledgement; 1008 when the key or token has ended; 1011 when " +
      "the profile cannot be read; 1013 to connect again with since. Server-sent events end in the same cases.",
    query: query(LiveRequest, {
      fields: "Only these members.",
      since: "The version of the copy that you have.",
      token: "A user token, where no header can be given.",
    }),
    headers: [
      { name: "Last-Event-ID", description: "The id of the last event that came.", schema: v.string() },
    ],
    answers: {
      101: { description: "A WebSocket of LiveMessages." },
      200: { description: "Server-sent events of LiveMessages.", type: "text/event-stream" },
    },
    problems: [
      "upgrade-required",
      "origin-foreign",
      "query-invalid",
      "profile-unknown",
      "too-many-readers",
      ...ONE_PROFILE,
    ],
  },
  "GET /v1/profiles/:id/events": {
    id: "listEvents",
    tag: "Profiles",
    summary: "List a profile's events",
    description: "Newest first, a page at a time.",
    query: query(HistoryRequest, {
      limit: "How many at most.",
      cursor: "The cursor.next of the page before.",
      event: "Only those of this name.",
      from: "Not before this time.",
      to: "Before this time.",
    }),
    answers: {
      200: {
        description: "A page of events.",
        schema: v.object({ data: v.array(HistoryEvent), cursor: Cursor }),
      },
    },
    problems: ["query-invalid", "profile-unknown", ...ONE_PROFILE],
  },
  "DELETE /v1/profiles/:id/events/:eventId": {
    id: "eraseEvent",
    tag: "Profiles",
    summary: "Take an event back",
    description:
      "As if it had never come; and it stays out when it is sent again. What is kept of it as a failure is deleted, of the " +
      "profiles that were merged into this one as well; an event of which only that is there stays out, too. Again is " +
      "harmless, and to be done after any answer but 200 and 404. One that is sent again and is rejected for what it is, " +
      "before any profile is asked, is kept as a failure again.",
    answers: {
      200: {
        description: "It is out of the profile, and so many kept failures of it are deleted.",
        schema: v.object({ erased: v.literal(true), version: Version, failures: Count }),
      },
    },
    problems: ["event-unknown", "merging", ...ONE_PROFILE],
  },
  "POST /v1/profiles/:id/rank": {
    id: "rankCandidates",
    tag: "Profiles",
    summary: "Order candidates by what the user is likely to do",
    description: "An unknown user is one of whom nothing is known.",
    body: { "application/json": RankBody },
    answers: { 200: { description: "The best, best first.", schema: Ranking } },
    problems: [...JSON_BODY, "profile-unknown", "model-unknown", ...ONE_PROFILE],
  },
  "POST /v1/profiles/:id/preview": {
    id: "previewProfile",
    tag: "Profiles",
    summary: "What a profile would be",
    description: "With these events more, or under a draft of a definition. Nothing is written.",
    body: { "application/json": PreviewBody },
    answers: { 200: { description: "The profile as it would be.", schema: Preview } },
    problems: [...JSON_BODY, "profile-unknown", "definition-invalid", "history-too-long", ...ONE_PROFILE],
  },
  "POST /v1/profiles/:id/merge": {
    id: "mergeProfiles",
    tag: "Profiles",
    summary: "Merge another profile into this one",
    description: "From now on it is part of this one; its history follows by itself.",
    body: { "application/json": MergeRequest },
    answers: {
      200: { description: "It is part of this one; moving while its history is on the way.", schema: Merged },
    },
    problems: [...JSON_BODY, "profile-unknown", "merge-conflict", "merge-limit", "merging", ...ONE_PROFILE],
  },
  "POST /v1/profiles/:id/unmerge": {
    id: "unmergeProfile",
    tag: "Profiles",
    summary: "Take this profile out of the one it was merged into",
    description: "With everything that was ever sent to it; the other is as if it had never been part of it.",
    answers: {
      200: { description: "It is by itself; moving while its history is on the way.", schema: Unmerged },
    },
    problems: ["profile-unknown", "not-merged", "merging", ...ONE_PROFILE],
  },
};

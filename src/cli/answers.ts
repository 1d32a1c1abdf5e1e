import * as v from "valibot";

const MaybeNumber = v.nullable(v.number());

const Trait = v.object({ value: v.unknown(), time: v.optional(v.string()), source: v.optional(v.string()) });

/** `GET /v1/profiles/{id}`: the part of it that is drawn. `src/kernel/view.ts` explains the members. */
export const ProfileSchema = v.looseObject({
  id: v.string(),
  version: v.number(),
  asOf: v.string(),
  definition: v.unknown(),
  events: v.number(),
  firstSeen: v.nullable(v.string()),
  lastSeen: v.nullable(v.string()),
  traits: v.record(v.string(), Trait),
  numbers: v.record(
    v.string(),
    v.object({
      count: v.number(),
      sum: v.number(),
      mean: MaybeNumber,
      sd: MaybeNumber,
      min: MaybeNumber,
      max: MaybeNumber,
      median: MaybeNumber,
      last: MaybeNumber,
    }),
  ),
  interests: v.record(
    v.string(),
    v.object({
      total: v.number(),
      top: v.array(v.object({ key: v.string(), weight: v.number(), share: v.number() })),
    }),
  ),
  windows: v.record(
    v.string(),
    v.object({ events: v.number(), value: v.number(), counts: v.record(v.string(), v.number()) }),
  ),
  scores: v.record(
    v.string(),
    v.object({
      probability: v.number(),
      sd: v.number(),
      examples: v.number(),
      positives: v.number(),
      trend: MaybeNumber,
    }),
  ),
});
export type ProfileAnswer = v.InferOutput<typeof ProfileSchema>;

/** `GET /v1/profiles/{id}/events`, newest first. */
export const EventsSchema = v.object({
  data: v.array(
    v.object({ event: v.string(), timestamp: v.string(), properties: v.record(v.string(), v.unknown()) }),
  ),
  cursor: v.object({ next: v.nullable(v.string()) }),
});
export type ListedEvent = v.InferOutput<typeof EventsSchema>["data"][number];

/** `POST /v1/profiles/{id}/rank`. */
export const RankSchema = v.object({
  model: v.string(),
  version: v.number(),
  ranked: v.array(
    v.object({
      id: v.string(),
      score: v.number(),
      sd: v.number(),
      contributions: v.optional(v.array(v.object({ feature: v.string(), value: v.number() })), []),
    }),
  ),
});
export type RankAnswer = v.InferOutput<typeof RankSchema>;

/** `POST /v1/keys/revoke`, and of each key `GET /v1/keys/revoked`. */
export const RevokedSchema = v.object({
  id: v.string(),
  revokedAt: v.string(),
  warning: v.optional(v.string()),
});
export const RevokedListSchema = v.object({ data: v.array(RevokedSchema) });
export type RevokedKey = v.InferOutput<typeof RevokedSchema>;

import * as v from "valibot";
import { CALLS } from "../events/segment-call.ts";
import {
  EventsRequest,
  ExternalIdsRequest,
  LinksRequest,
  MetadataRequest,
  TraitsRequest,
} from "../http/space-queries.ts";
import { ONE_PROFILE, type Operation, type Operations, query } from "./operation.ts";
import { AnyJson, AnyObject, Count, Instant, Problem } from "./values.ts";

/** Where a list of the Profile API goes on. */
export const SpaceCursor = v.object({
  url: v.string(),
  has_more: v.boolean(),
  next: v.string(),
  limit: Count,
});

const externalId = {
  collection: v.literal("users"),
  type: v.picklist(["user_id", "anonymous_id"]),
  id: v.string(),
  encoding: v.literal("none"),
};
const Name = v.nullable(v.string());
const Moment = v.nullable(Instant);

export const SpaceEvent = v.object({
  external_ids: v.array(v.object(externalId)),
  context: v.object({ traits: v.optional(AnyObject) }),
  type: v.picklist(CALLS),
  event: v.string(),
  properties: AnyObject,
  timestamp: Instant,
  message_id: v.string(),
  source_id: Name,
  related: v.object({ users: v.string() }),
});

/** A problem, and in it what clients of the Profile API look for. */
export const SpaceProblem = v.object({
  ...Problem.entries,
  error: v.optional(
    v.object({
      code: v.picklist(["not_found", "rate_limit_error", "validation_error", "server_error"]),
      message: v.string(),
    }),
  ),
});

const PROFILE = "GET /v1/spaces/:space/collections/:collection/profiles/:profile";
const LIMIT = "How many at most.";
const NEXT = "The cursor.next of the page before.";

function read(operation: Pick<Operation, "id" | "summary" | "query" | "answers">): Operation {
  return {
    tag: "Profile API",
    ...operation,
    problems: ["query-invalid", "collection-unknown", "id-type-unknown", "profile-unknown", ...ONE_PROFILE],
    problem: SpaceProblem,
  };
}

export const spaceOperations: Operations = {
  [`${PROFILE}/traits`]: read({
    id: "readTraits",
    summary: "The traits of a profile",
    query: query(TraitsRequest, {
      class: "Computed traits, or audiences (of which there are none), instead of those that were declared.",
      include: "Only those of these names, joined with commas.",
      limit: LIMIT,
      verbose: "With source and time of each.",
      next: NEXT,
    }),
    answers: {
      200: { description: "By name.", schema: v.object({ traits: AnyObject, cursor: SpaceCursor }) },
    },
  }),
  [`${PROFILE}/external_ids`]: read({
    id: "readExternalIds",
    summary: "The ids of a profile",
    query: query(ExternalIdsRequest, {
      include: "Only those of these types, joined with commas.",
      limit: LIMIT,
      verbose: "Taken, and without effect.",
      next: NEXT,
    }),
    answers: {
      200: {
        description: "Its own, and those of the profiles that were merged into it.",
        schema: v.object({
          data: v.array(
            v.object({ ...externalId, source_id: Name, created_at: Moment, first_message_id: Name }),
          ),
          cursor: SpaceCursor,
        }),
      },
    },
  }),
  [`${PROFILE}/events`]: read({
    id: "readEvents",
    summary: "The events of a profile",
    query: query(EventsRequest, {
      include: "Only those of these names, joined with commas.",
      exclude: "None of these names, joined with commas.",
      start: "Not before this time.",
      end: "Before this time.",
      sort: "Oldest or newest first.",
      limit: LIMIT,
      next: NEXT,
    }),
    answers: {
      200: {
        description: "A page of events.",
        schema: v.object({ data: v.array(SpaceEvent), cursor: SpaceCursor }),
      },
    },
  }),
  [`${PROFILE}/metadata`]: read({
    id: "readMetadata",
    summary: "When a profile began and last changed",
    query: query(MetadataRequest, { verbose: "Taken, and without effect." }),
    answers: {
      200: {
        description: "And by which events.",
        schema: v.object({
          metadata: v.object({
            created_at: Moment,
            updated_at: Moment,
            expires_at: v.null(),
            first_message_id: Name,
            first_source_id: Name,
            last_message_id: Name,
            last_source_id: Name,
          }),
        }),
      },
    },
  }),
  [`${PROFILE}/links`]: read({
    id: "readLinks",
    summary: "The accounts a user is linked to",
    query: query(LinksRequest, { limit: LIMIT }),
    answers: {
      200: {
        description: "None: there are no profiles of accounts.",
        schema: v.object({ data: v.pipe(v.array(AnyJson), v.maxLength(0)), cursor: SpaceCursor }),
      },
    },
  }),
};

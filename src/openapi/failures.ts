import * as v from "valibot";
import { FailuresDeletion, FailuresRequest } from "../http/failures.ts";
import { ReplayRequest } from "../http/replay.ts";
import { receiptsWith } from "./events.ts";
import { JSON_BODY, type Operations, query, SHARDS } from "./operation.ts";
import { AnyJson, Count, Cursor, Instant } from "./values.ts";

export const Failure = v.object({
  id: v.string(),
  status: v.picklist(["rejected", "late"]),
  code: v.string(),
  pointer: v.string(),
  detail: v.string(),
  receivedAt: Instant,
  source: v.object({ route: v.string(), key: v.picklist(["write", "secret"]), format: v.string() }),
  eventId: v.optional(v.string()),
  user: v.optional(v.string()),
  attempts: Count,
  truncated: v.boolean(),
  event: v.optional(AnyJson),
  text: v.optional(v.string()),
});

/** The receipt of an event that was tried again. */
export const ReplayReceipt = receiptsWith({ failure: v.optional(v.string()) });

const counts = v.record(v.string(), Count);

const Stats = v.object({
  since: v.nullable(Instant),
  received: Count,
  applied: Count,
  duplicate: Count,
  late: Count,
  rejected: Count,
  suppressed: Count,
  retry: Count,
  codes: v.record(v.string(), counts),
  failuresNotKept: Count,
  failures: v.object({
    kept: Count,
    bytes: Count,
    settled: Count,
    deleted: Count,
    expired: Count,
    evicted: Count,
  }),
  replayed: counts,
  refused: counts,
});

export const failureOperations: Operations = {
  "GET /v1/failures": {
    id: "listFailures",
    tag: "Failures",
    summary: "What was rejected or late, and why",
    description: "Newest first, a page at a time.",
    query: query(FailuresRequest, {
      limit: "How many at most.",
      cursor: "The cursor.next of the page before.",
      status: "Only those of this status.",
      code: "Only those of this code.",
      user: "Only those of this profile's id.",
      from: "Received not before this time.",
      to: "Received before this time.",
    }),
    answers: {
      200: {
        description: "A page of failures.",
        schema: v.object({ data: v.array(Failure), cursor: Cursor }),
      },
    },
    problems: ["query-invalid", ...SHARDS],
  },
  "DELETE /v1/failures": {
    id: "deleteFailures",
    tag: "Failures",
    summary: "Delete kept failures",
    query: query(FailuresDeletion, { user: "Only those of this profile's id; all without it." }),
    answers: {
      200: { description: "How many were deleted.", schema: v.object({ deleted: Count }) },
    },
    problems: ["query-invalid", ...SHARDS],
  },
  "POST /v1/failures/replay": {
    id: "replayFailures",
    tag: "Failures",
    summary: "Try kept failures again",
    description: "Once what they failed for is mended. What is then in a profile is kept no longer.",
    body: { "application/json": ReplayRequest },
    answers: {
      200: {
        description: "A receipt for each.",
        schema: v.object({ receipts: v.array(ReplayReceipt), cursor: Cursor }),
      },
    },
    problems: [...JSON_BODY, ...SHARDS],
  },
  "GET /v1/stats": {
    id: "readStats",
    tag: "Failures",
    summary: "What became of everything that was received",
    answers: { 200: { description: "The counters; they add up.", schema: Stats } },
    problems: [...SHARDS],
  },
};

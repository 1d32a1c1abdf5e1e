import * as v from "valibot";
import { RevokeRequest } from "../http/keys.ts";
import { JSON_BODY, type Operations } from "./operation.ts";
import { AnyObject, Count, Instant, Problem } from "./values.ts";

const revoked = {
  id: v.string(),
  kind: v.picklist(["write", "secret"]),
  revokedAt: Instant,
  expiresAt: v.optional(Instant),
};

const { type, title, status, remedy } = Problem.entries;

const TAG = { ETag: "Of this version of the file." };
const IF_NONE_MATCH = [
  { name: "If-None-Match", description: "The ETag of the copy that you have.", schema: v.string() },
];

export const serviceOperations: Operations = {
  "POST /v1/keys/revoke": {
    id: "revokeKey",
    tag: "Keys",
    summary: "Revoke a key",
    description: "It is refused from now on here, and within a minute everywhere.",
    body: { "application/json": RevokeRequest },
    answers: {
      200: {
        description: "It is revoked, now or before.",
        schema: v.object({ ...revoked, effectiveWithinSeconds: Count, warning: v.optional(v.string()) }),
      },
    },
    problems: [...JSON_BODY, "revocations-full"],
  },
  "GET /v1/keys/revoked": {
    id: "listRevokedKeys",
    tag: "Keys",
    summary: "The revoked keys, newest first",
    answers: {
      200: { description: "By their ids alone.", schema: v.object({ data: v.array(v.object(revoked)) }) },
    },
    problems: [],
  },
  "GET /healthz": {
    id: "readHealth",
    tag: "Service",
    summary: "Whether this deployment can serve",
    answers: {
      200: {
        description: "It can; and what is deployed.",
        schema: v.object({
          status: v.literal("ok"),
          definition: v.string(),
          prior: v.nullable(v.string()),
          version: v.string(),
        }),
      },
    },
    problems: [],
  },
  "GET /problems/:code": {
    id: "readProblem",
    tag: "Service",
    summary: "What the type of a problem means",
    answers: {
      200: {
        description: "The kind of problem, and what can be done about it.",
        schema: v.object({ type, title, status, remedy, retryAfter: v.optional(Count) }),
      },
    },
    problems: ["not-found"],
  },
  "GET /openapi.json": {
    id: "readDocument",
    tag: "Service",
    summary: "This document",
    headers: IF_NONE_MATCH,
    answers: {
      200: {
        description: "OpenAPI 3.1.",
        schema: AnyObject,
        headers: TAG,
      },
      304: { description: "Your copy is the newest.", headers: TAG },
    },
    problems: ["internal"],
  },
  "GET /docs": {
    id: "readReference",
    tag: "Service",
    summary: "A page that shows this document",
    headers: IF_NONE_MATCH,
    answers: {
      200: { description: "The page.", type: "text/html", headers: TAG },
      304: { description: "Your copy is the newest.", headers: TAG },
    },
    problems: ["internal"],
  },
  "GET /docs/:file": {
    id: "readReferenceFile",
    tag: "Service",
    summary: "The page's files",
    headers: IF_NONE_MATCH,
    answers: {
      200: { description: "A script or a style sheet.", type: "text/*", headers: TAG },
      304: { description: "Your copy is the newest.", headers: TAG },
    },
    problems: ["not-found", "internal"],
  },
};

import * as v from "valibot";
import { PROBLEMS } from "../http/problems.ts";

/** An instant, as answers write it. */
export const Instant = v.pipe(v.string(), v.isoTimestamp());

export const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const Version = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Any JSON. */
export const AnyJson = v.unknown();

export const AnyObject = v.record(v.string(), AnyJson);

/** Where a list goes on. */
export const Cursor = v.object({ next: v.nullable(v.string()), has_more: v.boolean() });

const types = Object.keys(PROBLEMS).map((code) => `/problems/${code}`);

/** Problem details (RFC 9457). */
export const Problem = v.object({
  type: v.picklist(types),
  title: v.string(),
  status: v.pipe(v.number(), v.integer()),
  detail: v.string(),
  instance: v.pipe(
    v.string(),
    v.regex(/^\/problems\/[a-z-]+#[\w-]{1,64}$/),
    v.metadata({ description: "This occurrence: after the # stands the X-Request-Id." }),
  ),
  pointer: v.optional(v.string()),
  parameter: v.optional(v.string()),
  errors: v.optional(v.array(v.object({ pointer: v.string(), detail: v.string() }))),
  remedy: v.string(),
});

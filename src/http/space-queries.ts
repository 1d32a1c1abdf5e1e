import { Buffer } from "node:buffer";
import * as v from "valibot";
import { decodeCursor } from "./cursor.ts";
import { Time, whole } from "./query.ts";

const LIMIT = v.optional(whole(1, 200), "10");

/** Each event that is looked at is compared with each name. */
const MOST_NAMES = 100;
const NAMES = `1 to ${MOST_NAMES} names, joined with commas, are expected`;
export const Names = v.pipe(
  v.string(),
  v.transform((text) => text.split(",").map((name) => name.trim())),
  v.array(v.pipe(v.string(), v.minLength(1, NAMES))),
  v.maxLength(MOST_NAMES, NAMES),
);

export const Flag = v.optional(
  v.pipe(
    v.picklist(["true", "false"], "true or false is expected"),
    v.transform((text) => text === "true"),
  ),
  "false",
);

const NEXT = "the cursor.next of the page before is expected";

/** A page of names ends at one. */
const NextName = v.pipe(v.string(), v.transform(decodeName), v.string(NEXT));

const NextEvent = v.pipe(
  v.string(),
  v.transform(decodeCursor),
  v.object({ time: v.number(), id: v.string() }, NEXT),
);

/** A time, or a day, which begins at midnight UTC. */
export const DayOrTime = v.pipe(
  v.string(),
  v.transform((text) => (/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : text)),
  Time,
);

export const TraitsRequest = v.strictObject({
  class: v.optional(v.picklist(["audience", "computed_trait"], "audience or computed_trait is expected")),
  include: v.optional(Names),
  limit: LIMIT,
  verbose: Flag,
  next: v.optional(NextName),
});

export const ExternalIdsRequest = v.strictObject({
  include: v.optional(Names),
  limit: LIMIT,
  verbose: Flag,
  next: v.optional(NextName),
});

export const EventsRequest = v.strictObject({
  include: v.optional(Names),
  exclude: v.optional(Names),
  start: v.optional(DayOrTime),
  end: v.optional(DayOrTime),
  sort: v.optional(v.picklist(["asc", "desc"], "asc or desc is expected"), "desc"),
  limit: LIMIT,
  next: v.optional(NextEvent),
});

export const MetadataRequest = v.strictObject({ verbose: Flag });

export const LinksRequest = v.strictObject({ limit: LIMIT });

/** A name as text for a URL, of which nothing is promised. */
export function encodeName(name: string): string {
  return Buffer.from(name).toString("base64url");
}

/** The inverse of {@link encodeName}; undefined for what that did not make. */
function decodeName(cursor: string): string | undefined {
  const name = Buffer.from(cursor, "base64url").toString("utf8");
  return name !== "" && encodeName(name) === cursor ? name : undefined;
}

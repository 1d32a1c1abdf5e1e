import type * as v from "valibot";
import type { ProblemCode } from "../http/problems.ts";

/** What the document says of a route. Who may use it is said by the access table, which brings the problems of keys. */
export interface Operation {
  /** Its name in generated clients. */
  id: string;
  tag: Tag;
  summary: string;
  description?: string;
  query?: Parameter[];
  headers?: Parameter[];
  /** By media type; `required` unless said otherwise. */
  body?: Record<string, v.GenericSchema>;
  /** By status. */
  answers: Record<number, Answer>;
  /** Those that neither the keys nor {@link EVERYWHERE} bring. */
  problems: readonly ProblemCode[];
  /** The form of its problems, where they have members of their own. */
  problem?: v.ObjectSchema<v.ObjectEntries, undefined>;
}

export const TAGS = {
  Events: "What users do comes in here.",
  Segment: "The same for the clients of Segment and RudderStack, as they are.",
  Profiles: "What is known of a user.",
  "Profile API": "The same profiles by the paths and answers of Segment's Profile API.",
  Failures: "What was rejected or late, why, and the counters.",
  Keys: "Keys are minted by `limn keys create`; here they are revoked.",
  Service: "The deployment itself.",
} as const;

export type Tag = keyof typeof TAGS;

export interface Answer {
  description: string;
  /** Of its JSON; without it and without a type the answer has no body. */
  schema?: v.GenericSchema;
  /** The media type, where it is not JSON. */
  type?: string;
  /** What its further headers say. */
  headers?: Record<string, string>;
}

export interface Parameter {
  name: string;
  description: string;
  schema: v.GenericSchema;
}

/** Operations by route, as the access table writes it: `METHOD /path/:parameter`. */
export type Operations = Record<string, Operation>;

/** The parameters of a query by the schema that reads it; each must be described. */
export function query<const E extends v.ObjectEntries>(
  schema: { entries: E },
  about: { [K in keyof E]: string },
): Parameter[] {
  return Object.entries(schema.entries).flatMap(([name, entry]) =>
    entry.async ? [] : [{ name, description: about[name] ?? "", schema: entry }],
  );
}

/** What any route can end with once its key is good. */
export const EVERYWHERE: readonly ProblemCode[] = ["internal"];

/** Of a JSON body. */
export const JSON_BODY: readonly ProblemCode[] = [
  "json-malformed",
  "json-too-deep",
  "text-malformed",
  "encoding-malformed",
  "body-too-large",
  "media-type",
  "content-encoding",
  "body-invalid",
];

/** Of a question to the object of one user. */
export const ONE_PROFILE: readonly ProblemCode[] = [
  "too-busy",
  "rate-limited",
  "state-corrupt",
  "state-newer",
  "overloaded",
  "unavailable",
  "storage-full",
];

/** Of a question to the shards that keep failures and counts. */
export const SHARDS: readonly ProblemCode[] = ["overloaded", "unavailable", "storage-full"];

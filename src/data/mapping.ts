import { readFileSync } from "node:fs";
import * as v from "valibot";
import { timeReader } from "./timestamps.ts";
import { UserError } from "./user-error.ts";

const Column = v.pipe(v.string(), v.minLength(1, "the name of a column is expected"));

const Pattern = v.pipe(
  v.string(),
  v.check((source) => isRegExp(source), "a regular expression is expected"),
);

/** What a row must be like, by one of its columns. */
const Condition = v.pipe(
  v.strictObject({
    column: Column,
    is: v.optional(v.picklist(["missing", "number", "not-number"])),
    matches: v.optional(Pattern),
    above: v.optional(v.number()),
    below: v.optional(v.number()),
  }),
  v.check(
    ({ is, matches, above, below }) => isOne(is, matches, above, below),
    "exactly one of is, matches, above and below is expected",
  ),
);

const Pair = v.pipe(v.tuple([Column, Column]), v.readonly());

const Property = v.pipe(
  v.strictObject({
    column: v.optional(Column),
    /** Of `column`: how its text is read. */
    type: v.optional(v.picklist(["string", "number"])),
    /** The first column times the second. */
    product: v.optional(Pair),
    /** The first column over the second; absent when that is not above 0. */
    ratio: v.optional(Pair),
  }),
  v.check(
    ({ column, product, ratio }) => isOne(column, product, ratio),
    "exactly one of column, product and ratio is expected",
  ),
  v.check(
    (property) => property.type === undefined || property.column !== undefined,
    "type goes with column only",
  ),
);

const Properties = v.record(v.pipe(v.string(), v.minLength(1)), Property);

const EventName = v.pipe(v.string(), v.minLength(1));

const EventRules = v.pipe(
  v.array(v.strictObject({ when: v.optional(Condition), name: EventName })),
  v.check(
    (rules) =>
      rules.length > 0 && rules.every((rule, i) => (rule.when === undefined) === (i === rules.length - 1)),
    "every rule but the last needs when, and the last has none: it names what is left",
  ),
);

const Time = v.pipe(
  v.strictObject({
    column: Column,
    format: v.optional(v.string(), "iso"),
    zone: v.optional(v.string(), "UTC"),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      timeReader(dataset.value.format, dataset.value.zone);
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : String(error) });
    }
  }),
);

export const MappingSchema = v.strictObject({
  /** Part of every event id: two mappings of one file never meet. */
  name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/, "1 to 40 of a-z, 0-9 and - are expected")),
  description: v.optional(v.string()),
  /** The definition these events are meant for; `npm run demo` starts the edge with it. */
  definition: v.optional(v.string()),
  /** Put before every user id, with a colon. */
  namespace: v.optional(v.pipe(v.string(), v.minLength(1))),
  user: Column,
  time: Time,
  /** The name of every event, or by rule: the first whose condition holds. */
  event: v.union([EventName, EventRules], "an event name, or a list of { when, name }, is expected"),
  /** Texts that mean that a value is missing. */
  na: v.optional(v.array(v.string()), [""]),
  /** Rows that are no events, each with the reason counted for it. A row without user or time never is one. */
  skip: v.optional(
    v.array(v.strictObject({ when: Condition, reason: v.pipe(v.string(), v.minLength(1)) })),
    [],
  ),
  properties: Properties,
  /** More properties, from the row of another file in the same folder whose `key` is this row's `on`. */
  join: v.optional(v.strictObject({ file: v.string(), on: Column, key: Column, properties: Properties })),
  /** What users declared, from a file with a row per user: an Identify event each, of the users that have events. */
  traits: v.optional(
    v.strictObject({
      file: v.string(),
      user: Column,
      /** `first-event`, or one time for all. */
      time: v.union(
        [v.literal("first-event"), v.pipe(v.string(), v.isoTimestamp())],
        "first-event, or an ISO 8601 time such as 2017-01-01T00:00:00Z, is expected",
      ),
      properties: Properties,
    }),
  ),
});

/** How the rows of a file become events. */
export type Mapping = v.InferOutput<typeof MappingSchema>;
export type MappingCondition = v.InferOutput<typeof Condition>;
export type MappingProperties = v.InferOutput<typeof Properties>;

/**
 * Checks a mapping.
 * @throws UserError with a JSON pointer to each wrong member and what is expected there
 */
export function parseMapping(source: unknown, origin: string): Mapping {
  const result = v.safeParse(MappingSchema, source);
  if (result.success) return result.output;
  const issues = result.issues.map((issue) => {
    const steps = (issue.path ?? []).map(
      (step) => `/${String(step.key).replace(/~/g, "~0").replace(/\//g, "~1")}`,
    );
    return `${steps.join("") || "/"}: ${issue.message}`;
  });
  throw new UserError(
    `the mapping ${origin} is not valid: ${issues.join("; ")}`,
    "Mend these members; mappings/online_retail.json is a complete example.",
  );
}

/** Reads and checks a mapping file. */
export function loadMapping(file: string): Mapping {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new UserError(
      `the mapping ${file} cannot be read`,
      "Name a mapping file, such as --map mappings/online_retail.json.",
    );
  }
  let source: unknown;
  try {
    source = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `the mapping ${file} is not JSON: ${error instanceof Error ? error.message : error}`,
      "Mend its syntax.",
    );
  }
  return parseMapping(source, file);
}

/** Whether exactly one of them is given. */
function isOne(...members: unknown[]): boolean {
  return members.filter((member) => member !== undefined).length === 1;
}

function isRegExp(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

import * as v from "valibot";
import { parseTime } from "../events/time.ts";
import type { Context } from "./context.ts";
import type { Result } from "./problems.ts";

/** A query parameter that is a time: ISO 8601 with its zone, or ms since 1970. Yields ms. */
export const Time = v.pipe(
  v.string(),
  v.transform((text) =>
    // An unescaped + of a zone arrives as a space.
    /^[0-9]{1,15}$/.test(text) ? Number(text) : parseTime(text.replace(" ", "+")),
  ),
  v.number("an ISO 8601 time with its zone, or ms since 1970, is expected"),
  v.minValue(0, "a time since 1970 is expected"),
);

/** The last moment that has a date, ms. A number in a query has too few digits to be beyond it. */
const LAST_TIME = 8_640_000_000_000_000;
const TIME = "an ISO 8601 time with its zone, or whole ms since 1970, is expected";

/** A member of a JSON body that is a time. Yields ms. */
export const BodyTime = v.pipe(
  v.union([v.string(), v.number()], TIME),
  v.transform((time) => (typeof time === "string" ? parseTime(time) : time)),
  v.number(TIME),
  v.safeInteger(TIME),
  v.minValue(0, TIME),
  v.maxValue(LAST_TIME, TIME),
);

/** A query parameter that is a whole number. */
export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max} is expected`;
  return v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,9}$/, expected),
    v.transform(Number),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
}

/**
 * The query of a request by a schema, which should be strict: a misspelt filter that is ignored answers
 * another question than the one asked. Of a parameter given twice, the last counts.
 */
export function readQuery<const S extends v.GenericSchema>(c: Context, schema: S): Result<v.InferOutput<S>> {
  const { url } = c.req;
  const given = url.includes("?") ? Object.fromEntries(new URL(url).searchParams) : {};
  const parsed = v.safeParse(schema, given);
  if (parsed.success) return { ok: true, value: parsed.output };
  const [issue] = parsed.issues;
  const parameter = String(issue.path?.[0]?.key ?? "");
  const detail =
    issue.type === "strict_object"
      ? `"${parameter}" is not a parameter of this route.`
      : `The parameter "${parameter}" is not valid: ${issue.message}.`;
  return { ok: false, failure: { code: "query-invalid", parameter, detail } };
}

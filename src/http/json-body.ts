import * as v from "valibot";
import { escapeKey } from "../events/inspect.ts";
import { parseJson } from "../events/json.ts";
import { readText } from "./body.ts";
import type { Context } from "./context.ts";
import { mediaType } from "./media.ts";
import type { Result } from "./problems.ts";

/** The JSON body of a request by a schema, whose messages should be our own: valibot's quote what they received. */
export async function readJson<const S extends v.GenericSchema>(
  c: Context,
  schema: S,
): Promise<Result<v.InferOutput<S>>> {
  if (mediaType(c.req.header("Content-Type")) !== "application/json") {
    return { ok: false, failure: { code: "media-type", headers: { "Accept-Post": "application/json" } } };
  }
  const body = await readText(c.req.raw);
  if (!body.ok) return body;
  const parsed = parseJson(body.value);
  if (!parsed.ok) return { ok: false, failure: { code: parsed.code, detail: parsed.detail } };
  const checked = v.safeParse(schema, parsed.value, { abortEarly: true });
  if (checked.success) return { ok: true, value: checked.output };
  const [issue] = checked.issues;
  const pointer = (issue.path ?? []).map(({ key }) => `/${escapeKey(String(key))}`).join("");
  const detail = `At "${pointer}" ${issue.message}.`;
  return { ok: false, failure: { code: "body-invalid", pointer, detail } };
}

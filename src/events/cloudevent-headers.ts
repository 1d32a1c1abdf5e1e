import { isJsonType } from "./cloudevents.ts";
import type { Decoded } from "./decoded.ts";
import type { Json } from "./event.ts";
import { parseJson } from "./json.ts";

const PREFIX = "ce-";

/** Whether a request is a CloudEvent in binary mode: one of the attributes that each must have is there. */
export function isBinaryMode(headers: { has(name: string): boolean }): boolean {
  return headers.has("ce-specversion") || headers.has("ce-id");
}

/**
 * The CloudEvent of a request in binary mode, as the JSON of structured mode: the attributes are the `ce-` headers,
 * `datacontenttype` is the Content-Type, and `data` the body. Header names are in lower case, as `Headers` lists them.
 */
export function bindHeaders(
  headers: Iterable<readonly [string, string]>,
  body: string,
): { ok: true; text: string } | Extract<Decoded, { ok: false }> {
  const attributes = new Map<string, Json>();
  let type: string | undefined;
  for (const [name, value] of headers) {
    if (name === "content-type") type = value;
    const attribute = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : "";
    if (!/^[a-z0-9]+$/.test(attribute) || attribute === "data" || attribute === "datacontenttype") continue;
    const text = decodeValue(value);
    if (text === undefined) {
      const detail = `The header ${name} is neither ASCII nor percent-encoded UTF-8.`;
      return { ok: false, code: "header-malformed", detail };
    }
    attributes.set(attribute, text);
  }
  if (type !== undefined) attributes.set("datacontenttype", type);
  const head = JSON.stringify(Object.fromEntries(attributes)).slice(1, -1);
  if (body === "") return { ok: true, text: `{${head}}` };
  const isJson = type === undefined || isJsonType(type);
  const parsed = isJson ? parseJson(body) : undefined;
  if (parsed?.ok === false) return parsed;
  // As it was sent: a value that is written again has lost what JavaScript has no number for, such as 1e400.
  return { ok: true, text: `{"data":${isJson ? body : JSON.stringify(body)},${head}}` };
}

/**
 * The text of a header's value (CloudEvents HTTP binding 1.0, 3.1.3.2): quotes around it are taken off, then every %xx
 * is decoded, once. Undefined when that is not UTF-8, or when it holds what a header cannot, so that bytes were lost.
 */
function decodeValue(value: string): string | undefined {
  const quoted = /^"(.*)"$/.exec(value);
  const text = quoted?.[1] === undefined ? value : quoted[1].replace(/\\(.)/g, "$1");
  if (!/^[\x20-\x7e]*$/.test(text)) return undefined;
  try {
    // A % that begins no %xx stands for itself.
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, "%25"));
  } catch {
    return undefined;
  }
}

import { type Decoded, refuseCount } from "./decoded.ts";
import { fits, parseJson } from "./json.ts";
import { EVENT_BYTES, EVENTS_PER_REQUEST } from "./limits.ts";
import { EVENT_TOO_LARGE, reject, type Validated, validate } from "./validate.ts";

/**
 * Decodes newline-delimited JSON: one event a line, `\n` or `\r\n` between them, empty lines skipped. A line
 * that is not JSON is rejected alone. An item's index counts events, the detail of a rejected line names the
 * line.
 */
export function decodeNdjson(text: string, receivedAt: number): Decoded {
  const items: Validated[] = [];
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    line++;
    const content = text.slice(start, end);
    start = end + 1;
    if (content.trim() === "") continue;
    // One more than allowed is enough to know.
    if (items.length > EVENTS_PER_REQUEST) break;
    items.push(decodeLine(content, line, items.length, receivedAt));
  }
  return refuseCount(items.length) ?? { ok: true, items };
}

function decodeLine(content: string, line: number, index: number, receivedAt: number): Validated {
  const parsed = parseJson(content);
  if (!parsed.ok) {
    return reject(null, index, { code: parsed.code, pointer: "", detail: `Line ${line}: ${parsed.detail}` });
  }
  const small = fits(content, 0, content.length, EVENT_BYTES);
  return small ? validate(parsed.value, index, receivedAt) : reject(parsed.value, index, EVENT_TOO_LARGE);
}

import type { Json } from "./event.ts";
import { BODY_DEPTH, EVENTS_PER_REQUEST } from "./limits.ts";

/** A JSON text's value, or why it has none. */
export type Parsed =
  | { ok: true; value: Json; edges: number[] }
  | { ok: false; code: "json-malformed" | "json-too-deep"; detail: string };

/**
 * Parses JSON that a stranger sent. Its nesting is bounded before `JSON.parse` sees it: that takes a million
 * levels, but the value could then neither be walked nor written again without overflowing the stack.
 *
 * `edges` says where the elements of a top-level array lie: element `i` is the text from `edges[i]` to
 * `edges[i + 1] - 1`, the white space around it included.
 */
export function parseJson(text: string, most = BODY_DEPTH): Parsed {
  const edges = outline(text, most);
  if (edges === undefined) {
    const detail = `The JSON is nested more than ${most} levels deep: flatten it.`;
    return { ok: false, code: "json-too-deep", detail };
  }
  try {
    const value: Json = JSON.parse(text);
    return { ok: true, value, edges };
  } catch (error) {
    return {
      ok: false,
      code: "json-malformed",
      detail: `This is not valid JSON${position(error)}: check how it is built.`,
    };
  }
}

/** The texts of an array's elements, of JSON that was parsed. */
export function elementTexts(text: string): string[] {
  const edges = outline(text, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) ?? [];
  const texts = edges.slice(1).map((end, i) => text.slice(edges[i], end - 1).trim());
  return texts.length === 1 && texts[0] === "" ? [] : texts;
}

/** The texts of an object's members by their names, of JSON that was parsed: of a name given twice, the last. */
export function memberTexts(text: string): Map<string, string> {
  return new Map(
    elementTexts(text).map((member) => {
      const end = stringEnd(member, 0) + 1;
      const name: string = JSON.parse(member.slice(0, end));
      return [name, member.slice(member.indexOf(":", end) + 1).trim()];
    }),
  );
}

/**
 * One pass over the brackets of a JSON text; undefined when they nest deeper than `most`. Correct for
 * valid JSON; for anything else it only ends, and `JSON.parse` decides.
 */
function outline(text: string, most: number, elements = EVENTS_PER_REQUEST): number[] | undefined {
  const edges: number[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = stringEnd(text, i);
        if (i < 0) return edges;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > most) return undefined;
        if (depth === 1) edges.push(i + 1);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (depth-- === 1) edges.push(i + 1);
        break;
      case 0x2c: // ,
        if (depth === 1 && edges.length <= elements) edges.push(i + 1);
        break;
    }
  }
  return edges;
}

/**
 * Where the string that opens at `start` closes, -1 if nowhere. Hops by `indexOf`: most of a body is strings.
 */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slash = end - 1;
    while (text.charCodeAt(slash) === 0x5c) slash--;
    if ((end - slash) % 2 === 1) return end;
  }
  return -1;
}

/** Only the position: the rest of V8's message quotes the text. */
function position(error: unknown): string {
  const found = error instanceof Error ? /at position (\d+)/.exec(error.message) : null;
  return found === null ? "" : ` (character ${Number(found[1]) + 1})`;
}

/**
 * Whether `text` from `start` to `end` is at most `limit` bytes of UTF-8; counts only when that is in doubt.
 */
export function fits(text: string, start: number, end: number, limit: number): boolean {
  const length = end - start;
  if (length > limit) return false;
  if (length * 3 <= limit) return true;
  let bytes = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    // A surrogate is half of a pair of four bytes: the text came out of a UTF-8 decoder.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3;
  }
  return bytes <= limit;
}

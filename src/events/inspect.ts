import type { Json } from "./event.ts";
import { EVENT_DEPTH, EVENT_KEYS, NUMBER_MAX } from "./limits.ts";

/** What is wrong with a value, and where: a JSON pointer (RFC 6901) from the value that was looked at. */
export interface Fault {
  code: string;
  pointer: string;
  /** One sentence: what is wrong and what would be right. */
  detail: string;
}

/**
 * Walks a parsed JSON value once: depth, number of keys, text that is Unicode, numbers that the kernel can
 * hold. Replaces -0 by 0 in place. Returns the first fault, or undefined. Allocates nothing on the way to "no
 * fault": the pointer is put together while returning from it.
 */
export function inspect(value: Json): Fault | undefined {
  return walk(value, 1, { keys: EVENT_KEYS });
}

function walk(value: Json, depth: number, budget: { keys: number }): Fault | undefined {
  if (typeof value === "string") return value.isWellFormed() ? undefined : fault(TEXT);
  if (typeof value === "number") return Math.abs(value) <= NUMBER_MAX ? undefined : fault(NUMBER);
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > EVENT_DEPTH) return fault(DEPTH);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const element = value[i] ?? null;
      if (Object.is(element, -0)) value[i] = 0;
      const found = walk(element, depth + 1, budget);
      if (found !== undefined) return under(found, String(i));
    }
    return undefined;
  }
  // A `__proto__` that JSON.parse made is an own property like any other: read and written as such.
  for (const key in value) {
    const member = value[key] ?? null;
    if (Object.is(member, -0)) value[key] = 0;
    const found =
      --budget.keys < 0 ? fault(KEYS) : key.isWellFormed() ? walk(member, depth + 1, budget) : fault(TEXT);
    if (found !== undefined) return under(found, key);
  }
  return undefined;
}

const TEXT = { code: "text-invalid", detail: "The text holds half of a surrogate pair: send valid Unicode." };
const NUMBER = {
  code: "number-out-of-range",
  detail: "The number is beyond ±3.4028234663852886e38: send a smaller one.",
};
const DEPTH = { code: "too-deep", detail: `Nesting goes beyond ${EVENT_DEPTH} levels: flatten it.` };
const KEYS = {
  code: "too-many-keys",
  detail: `There are more than ${EVENT_KEYS} keys: send fewer, or several events.`,
};

function fault({ code, detail }: { code: string; detail: string }): Fault {
  return { code, pointer: "", detail };
}

function under(found: Fault, key: string): Fault {
  found.pointer = `/${escapeKey(key)}${found.pointer}`;
  return found;
}

/** One reference token of a JSON pointer. */
export function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

import type { Json, JsonObject } from "../../src/events/event.ts";

/** A path of a definition, split once: the name as written and its parts between dots. */
interface Step {
  name: string;
  parts: string[];
}

/** The alternatives of a path, in order. */
export type Path = Step[];

export function compilePath(path: string | string[]): Path {
  return (Array.isArray(path) ? path : [path]).map((name) => ({ name, parts: name.split(".") }));
}

/** The first alternative that is a finite number, or NaN. */
export function numberAt(properties: JsonObject, path: Path): number {
  for (const step of path) {
    const value = finiteNumber(lookup(properties, step));
    if (!Number.isNaN(value)) return value;
  }
  return NaN;
}

/** The first alternative that can be a key, as text. */
export function keyAt(properties: JsonObject, path: Path): string | undefined {
  for (const step of path) {
    const key = keyText(lookup(properties, step));
    if (key !== undefined) return key;
  }
  return undefined;
}

/** The first alternative that is a finite number or a non-empty text, as it is. */
export function valueAt(properties: JsonObject, path: Path): number | string | undefined {
  for (const step of path) {
    const value = lookup(properties, step);
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  return undefined;
}

/** NaN stands for a missing number everywhere in the reference. */
export function finiteNumber(value: Json | undefined): number {
  return typeof value === "number" && Number.isFinite(value) ? value : NaN;
}

/** A key is a non-empty text, or a number's decimal text. */
export function keyText(value: Json | undefined): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name that holds dots is tried as one key before it is taken as nested. */
function lookup(properties: JsonObject, { name, parts }: Step): Json | undefined {
  if (Object.hasOwn(properties, name)) return properties[name];
  if (parts.length === 1) return undefined;
  let value: Json | undefined = properties;
  for (const part of parts) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

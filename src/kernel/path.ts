import type { Json, JsonObject } from "../events/event.ts";

/** A property's name, names joined with dots, or several of these: the first that is usable counts. */
export type Path = string | string[];

/** The first path of several: what a feature is called by. */
export function pathName(path: Path): string {
  return typeof path === "string" ? path : (path[0] ?? "");
}

/** Reads the number at a path; NaN when there is none. */
export function numberAt(path: Path): (properties: JsonObject) => number {
  return first(path, asNumber, Number.NaN, Number.isNaN);
}

/** Reads the category at a path as text; empty when there is none. */
export function categoryAt(path: Path): (properties: JsonObject) => string {
  return first(path, asCategory, "", (text) => text === "");
}

export function asNumber(value: Json | undefined): number {
  return typeof value === "number" ? value : Number.NaN;
}

/** A text, or a number's decimals. */
export function asCategory(value: Json | undefined): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : "";
}

function first<T>(
  path: Path,
  as: (value: Json | undefined) => T,
  missing: T,
  isMissing: (value: T) => boolean,
): (properties: JsonObject) => T {
  const getters = (typeof path === "string" ? [path] : path).map(getter);
  const [only] = getters;
  if (getters.length === 1 && only !== undefined) return (properties) => as(only(properties));
  return (properties) => {
    for (const get of getters) {
      const value = as(get(properties));
      if (!isMissing(value)) return value;
    }
    return missing;
  };
}

/** A property whose own name has the dots comes before the one that they lead to. */
function getter(path: string): (properties: JsonObject) => Json | undefined {
  if (!path.includes(".")) return (properties) => own(properties, path);
  const steps = path.split(".");
  return (properties) => {
    if (Object.hasOwn(properties, path)) return properties[path];
    let value: Json | undefined = properties;
    for (const step of steps) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
      value = own(value, step);
    }
    return value;
  };
}

/** Own members only: a path named `constructor` finds what the event says, never what objects inherit. */
function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

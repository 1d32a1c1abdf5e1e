import type { FeatureDefinition } from "../../src/definition/schema.ts";
import type { Json, JsonObject } from "../../src/events/event.ts";
import { hash32 } from "./hash.ts";
import type { Interest } from "./interests.ts";
import { compilePath, finiteNumber, keyAt, keyText, numberAt, type Path } from "./properties.ts";
import { toScale } from "./scale.ts";
import type { SlidingWindow } from "./windows.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LARGEST_VALUE = 1e15;

/** What features read of the user. */
export interface Profile {
  traits: Map<string, Json>;
  dimensions: Map<string, { path: Path; interest: Interest }>;
  windows: Map<string, SlidingWindow>;
  /** Places of the definition's event names. */
  names: Map<string, number>;
  /** Time of the last event by the name's place; NaN when there was none. */
  lastMs: number[];
}

/** One feature of a model, ready to be computed. */
export interface Feature {
  /** As in the answer of a rank: `count(1h, Product Viewed)`. */
  label: string;
  /** How many values it has. */
  size: number;
  /** Appends the values for an event or candidate to x; NaN where the input is missing. */
  append(x: number[], timeMs: number, properties: JsonObject): void;
}

/** Binds a feature of a definition to the user it is computed for. */
export function bindFeature(definition: FeatureDefinition, profile: Profile): Feature {
  switch (definition.kind) {
    case "number": {
      const path = compilePath(definition.path);
      const scale = definition.scale;
      return {
        label: `number(${path[0]?.name})`,
        size: 1,
        append(x, _timeMs, properties) {
          x.push(stored(toScale(scale, numberAt(properties, path))));
        },
      };
    }
    case "category": {
      const path = compilePath(definition.path);
      const width = definition.width;
      return {
        label: `category(${path[0]?.name})`,
        size: width,
        append: (x, _timeMs, properties) => appendIndicators(x, width, keyAt(properties, path)),
      };
    }
    case "affinity": {
      const { path, interest } = declared(profile.dimensions, definition.dimension);
      return {
        label: `affinity(${definition.dimension})`,
        size: 1,
        append(x, _timeMs, properties) {
          const key = keyAt(properties, path);
          x.push(key === undefined ? NaN : interest.share(key));
        },
      };
    }
    case "count": {
      const window = declared(profile.windows, definition.window);
      const name = declared(profile.names, definition.event);
      return {
        label: `count(${definition.window}, ${definition.event})`,
        size: 1,
        append: (x, timeMs) => x.push(Math.log1p(window.count(timeMs, name))),
      };
    }
    case "recency": {
      const name = declared(profile.names, definition.event);
      return {
        label: `recency(${definition.event})`,
        size: 1,
        append(x, timeMs) {
          const lastMs = profile.lastMs[name] ?? NaN;
          x.push(Math.log1p(Math.max(0, timeMs - lastMs) / HOUR_MS));
        },
      };
    }
    case "hour":
      return {
        label: "hour",
        size: 2,
        append(x, timeMs) {
          const angle = (2 * Math.PI * (timeMs % DAY_MS)) / DAY_MS;
          x.push(Math.sin(angle), Math.cos(angle));
        },
      };
    case "trait": {
      const { trait, width } = definition;
      return {
        label: `trait(${trait})`,
        size: width ?? 1,
        append(x) {
          const value = profile.traits.get(trait);
          if (width === undefined) x.push(stored(finiteNumber(value)));
          else appendIndicators(x, width, keyText(value));
        },
      };
    }
  }
}

function appendIndicators(x: number[], width: number, key: string | undefined): void {
  const hot = key === undefined ? NaN : hash32(key) % width;
  for (let i = 0; i < width; i++) x.push(key === undefined ? NaN : i === hot ? 1 : 0);
}

/** An input as a record holds it: clamped, and in single precision. NaN stays NaN. */
function stored(value: number): number {
  return Math.fround(Math.max(-LARGEST_VALUE, Math.min(LARGEST_VALUE, value)));
}

function declared<T>(map: Map<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`expected a declared name, found "${name}"`);
  return found;
}

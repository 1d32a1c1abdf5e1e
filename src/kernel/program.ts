import type { Definition, FeatureDefinition } from "../definition/schema.ts";
import type { JsonObject } from "../events/event.ts";
import { categoryAt, numberAt, pathName } from "./path.ts";

/** What the host reads from a record's event for the feature program. */
export type Input =
  | { kind: "number"; read: (properties: JsonObject) => number }
  | { kind: "category"; read: (properties: JsonObject) => string }
  | { kind: "number-trait" | "category-trait"; trait: string };

/** A feature by name, and the indices of the vector that it owns. */
export interface FeatureSlot {
  name: string;
  slot: number;
  width: number;
}

/** A step of the program. */
export interface Op {
  kind: "OP_NUMBER" | "OP_NUMBER_LOG" | "OP_CATEGORY" | "OP_AFFINITY" | "OP_COUNT" | "OP_RECENCY" | "OP_HOUR";
  slot: number;
  width: number;
  source: number;
  name: number;
}

/** The steps that write a model's features, and the inputs that they read, which are added to `inputs`. */
export function featureProgram(
  features: FeatureDefinition[],
  definition: Definition,
  names: ReadonlyMap<string, { index: number }>,
  inputs: Input[],
): { ops: Op[]; features: FeatureSlot[] } {
  const ops: Op[] = [];
  const named: FeatureSlot[] = [{ name: "bias", slot: 0, width: 1 }];
  let slot = 1;
  const add = (name: string, kind: Op["kind"], width: number, source: number, event?: string) => {
    const last = ops.at(-1);
    // Numbers that follow each other are one step: their inputs lie side by side.
    if (kind === "OP_NUMBER" && last?.kind === kind && last.source + last.width === source) last.width++;
    else
      ops.push({ kind, slot, width, source, name: event === undefined ? 0 : (names.get(event)?.index ?? 0) });
    named.push({ name, slot, width });
    slot += width;
  };
  const dimensions = Object.keys(definition.interests);
  for (const feature of features) {
    switch (feature.kind) {
      case "number":
        add(
          `number(${pathName(feature.path)})`,
          feature.scale === "log" ? "OP_NUMBER_LOG" : "OP_NUMBER",
          1,
          inputs.push({ kind: "number", read: numberAt(feature.path) }) - 1,
        );
        break;
      case "category":
        add(
          `category(${pathName(feature.path)})`,
          "OP_CATEGORY",
          feature.width,
          inputs.push({ kind: "category", read: categoryAt(feature.path) }) - 1,
        );
        break;
      case "affinity":
        add(`affinity(${feature.dimension})`, "OP_AFFINITY", 1, dimensions.indexOf(feature.dimension));
        break;
      case "count":
        add(
          `count(${feature.window}, ${feature.event})`,
          "OP_COUNT",
          1,
          definition.windows.indexOf(feature.window),
          feature.event,
        );
        break;
      case "recency":
        add(`recency(${feature.event})`, "OP_RECENCY", 1, 0, feature.event);
        break;
      case "hour":
        add("hour", "OP_HOUR", 2, 0);
        break;
      case "trait": {
        const hashed = feature.width !== undefined;
        add(
          `trait(${feature.trait})`,
          hashed ? "OP_CATEGORY" : "OP_NUMBER",
          feature.width ?? 1,
          inputs.push({ kind: hashed ? "category-trait" : "number-trait", trait: feature.trait }) - 1,
        );
        break;
      }
    }
  }
  return { ops, features: named };
}

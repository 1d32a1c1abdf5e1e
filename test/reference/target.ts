import { durationMs, type TargetDefinition } from "../../src/definition/schema.ts";
import type { JsonObject } from "../../src/events/event.ts";
import { compilePath, keyAt, numberAt, type Path, valueAt } from "./properties.ts";

/** What a model reads of an event or of a part of one. */
export interface ModelRecord {
  name: string;
  timeMs: number;
  properties: JsonObject;
  /** Whether it can be an example: not the event itself when it has parts. */
  example: boolean;
}

/** Which records are examples of a model, what their labels are, and what is an outcome. */
export class Target {
  /** How long the outcome may take; undefined when the label is known at once. */
  readonly withinMs: number | undefined;
  private readonly examples: string[];
  /** Names of positives: of examples, or of outcomes. */
  private readonly names: string[];
  private readonly condition: ((properties: JsonObject) => boolean | undefined) | undefined;
  private readonly same: Path | undefined;
  private readonly propensityPath: Path;

  constructor({ examples, positive, within, same, propensity }: TargetDefinition) {
    this.withinMs = within === undefined ? undefined : durationMs(within);
    this.examples = examples;
    this.names = Array.isArray(positive) ? positive : [];
    this.condition = Array.isArray(positive) ? undefined : compileCondition(positive);
    this.same = same === undefined ? undefined : compilePath(same);
    this.propensityPath = propensity === undefined ? [] : compilePath(propensity);
  }

  isExample({ name, example }: ModelRecord): boolean {
    return example && this.examples.includes(name);
  }

  /** Of an example whose label is known at once; undefined when it is no example after all. */
  label({ name, properties }: ModelRecord): number | undefined {
    const positive = this.condition === undefined ? this.names.includes(name) : this.condition(properties);
    return positive === undefined ? undefined : Number(positive);
  }

  isOutcome({ name }: ModelRecord): boolean {
    return this.withinMs !== undefined && this.names.includes(name);
  }

  /** What example and outcome have in common; undefined when the record has none. */
  key({ properties }: ModelRecord): string | undefined {
    return this.same === undefined ? "" : keyAt(properties, this.same);
  }

  /** The probability with which what the example shows was chosen; NaN when it is not usable. */
  propensity({ properties }: ModelRecord): number {
    const value = numberAt(properties, this.propensityPath);
    return value > 0 && value <= 1 ? value : NaN;
  }
}

/** Gives undefined without a usable value at the path. */
function compileCondition(
  positive: Exclude<TargetDefinition["positive"], string[]>,
): (properties: JsonObject) => boolean | undefined {
  const path = compilePath(positive.path);
  if ("equals" in positive) {
    return (properties) => {
      const value = valueAt(properties, path);
      return value === undefined ? undefined : value === positive.equals;
    };
  }
  const holds =
    "atLeast" in positive
      ? (value: number) => value >= positive.atLeast
      : (value: number) => value <= positive.atMost;
  return (properties) => {
    const value = numberAt(properties, path);
    return Number.isNaN(value) ? undefined : holds(value);
  };
}

import { durationMs, type TargetDefinition } from "../definition/schema.ts";
import type { Json, JsonObject } from "../events/event.ts";
import type { Layout } from "./layout.ts";
import { categoryAt, numberAt } from "./path.ts";

/** Which events are examples of a model, and of which label. */
export interface CompiledTarget {
  /** What an event, or a part of it, is to the model: flags of the kernel, 0 for nothing. */
  role: (name: string, properties: JsonObject) => number;
  /** What example and outcome must share; undefined when nothing. */
  key: ((properties: JsonObject) => string) | undefined;
  propensity: (properties: JsonObject) => number;
  /** 0 when labels come at once. */
  pending: number;
  withinMs: number;
}

export function compileTarget(target: TargetDefinition, layout: Layout): CompiledTarget {
  const later = target.within !== undefined;
  return {
    role: later ? laterRole(target, layout) : atOnceRole(target, layout),
    key: target.same === undefined ? undefined : categoryAt(target.same),
    propensity: target.propensity === undefined ? () => Number.NaN : numberAt(target.propensity),
    pending: later ? target.pending : 0,
    withinMs: target.within === undefined ? 0 : durationMs(target.within),
  };
}

function laterRole({ examples, positive }: TargetDefinition, layout: Layout): CompiledTarget["role"] {
  const opens = new Set(examples);
  const outcomes = new Set(Array.isArray(positive) ? positive : []);
  return (name) => (opens.has(name) ? layout.ROLE_OPENS : 0) | (outcomes.has(name) ? layout.ROLE_OUTCOME : 0);
}

function atOnceRole({ examples, positive }: TargetDefinition, layout: Layout): CompiledTarget["role"] {
  const counted = new Set(examples);
  const holds = Array.isArray(positive) ? undefined : condition(positive);
  const names = new Set(Array.isArray(positive) ? positive : []);
  return (name, properties) => {
    if (!counted.has(name)) return 0;
    const label = holds === undefined ? names.has(name) : holds(properties);
    if (label === undefined) return 0;
    return label ? layout.ROLE_POSITIVE : layout.ROLE_NEGATIVE;
  };
}

type Condition = Exclude<TargetDefinition["positive"], string[]>;

/** Whether the value at a path satisfies a condition; undefined without a usable value there. */
function condition(condition: Condition): (properties: JsonObject) => boolean | undefined {
  if ("equals" in condition) {
    const { equals } = condition;
    const read: (properties: JsonObject) => Json =
      typeof equals === "number" ? numberAt(condition.path) : categoryAt(condition.path);
    return (properties) => {
      const value = read(properties);
      return value === "" || Number.isNaN(value) ? undefined : value === equals;
    };
  }
  const read = numberAt(condition.path);
  return (properties) => {
    const value = read(properties);
    if (Number.isNaN(value)) return undefined;
    return "atLeast" in condition ? value >= condition.atLeast : value <= condition.atMost;
  };
}

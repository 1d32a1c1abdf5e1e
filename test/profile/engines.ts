import { compile } from "../../src/kernel/compile.ts";
import { type Engine, engineFor } from "../../src/profile/engine.ts";

/** The engine of a variation of the default definition, such as the next deployment might bring. */
export function changed(): Engine {
  const { kernel, compiled } = engineFor({});
  const events = { ...compiled.definition.events, "Product Viewed": { weight: 2 } };
  return { kernel, compiled: compile({ ...compiled.definition, events }, kernel) };
}

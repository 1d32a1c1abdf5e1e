import module from "../../build/kernel.wasm";
import { definitions } from "../../definitions/index.ts";
import { parseDefinition } from "../definition/schema.ts";
import { type Compiled, compile } from "../kernel/compile.ts";
import { Kernel } from "../kernel/instance.ts";

/** A kernel with the definition it folds by. */
export interface Engine {
  kernel: Kernel;
  compiled: Compiled;
}

/** The definition when the configuration names none. */
export const DEFAULT_DEFINITION = "ecommerce";

const engines = new Map<string, Engine>();

/**
 * The isolate's engine for a definition; all profile objects share it, for no call on it awaits anything.
 * @throws when there is no such definition or it is not valid.
 */
export function engineFor(name: string): Engine {
  let engine = engines.get(name);
  if (engine === undefined) {
    const source = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    if (source === undefined) {
      throw new Error(`there is no definition "${name}"; known are ${Object.keys(definitions).join(", ")}`);
    }
    const kernel = new Kernel(module);
    engine = { kernel, compiled: compile(parseDefinition(source), kernel) };
    engines.set(name, engine);
  }
  return engine;
}

/** Forgets an engine after a trap: its memory may be half-written. The next call makes a new one. */
export function discardEngine(name: string): void {
  engines.delete(name);
}

import module from "../../build/kernel.wasm";
import { definitions } from "../../definitions/index.ts";
import { priors } from "../../priors/index.ts";
import { parsePrior } from "../definition/prior.ts";
import { parseDefinition } from "../definition/schema.ts";
import { type Compiled, compile, fingerprintOf } from "../kernel/compile.ts";
import { Kernel } from "../kernel/instance.ts";

/** A kernel with the definition it folds by. */
export interface Engine {
  kernel: Kernel;
  compiled: Compiled;
}

/** What the configuration names: a definition, and a prior where there is one. */
export interface EngineChoice {
  DEFINITION?: string;
  PRIOR?: string;
}

const DEFAULT_DEFINITION = "ecommerce";

const engines = new Map<string, Engine>();

/**
 * The isolate's engine for a definition and a prior; all profile objects share it, for no call on it awaits anything.
 * @throws when there is no such definition or prior, or they are not valid
 */
export function engineFor(choice: EngineChoice): Engine {
  const key = keyOf(choice);
  let engine = engines.get(key);
  if (engine === undefined) {
    engine = makeEngine(choice);
    engines.set(key, engine);
  }
  return engine;
}

/** Forgets an engine after a trap: its memory may be half-written. The next call makes a new one. */
export function discardEngine(choice: EngineChoice): void {
  engines.delete(keyOf(choice));
}

function keyOf({ DEFINITION, PRIOR }: EngineChoice): string {
  return `${DEFINITION ?? DEFAULT_DEFINITION} ${PRIOR ?? ""}`;
}

function makeEngine(choice: EngineChoice): Engine {
  const definition = parseDefinition(
    find("definition", definitions, choice.DEFINITION ?? DEFAULT_DEFINITION),
  );
  const kernel = new Kernel(module);
  if (!choice.PRIOR) return { kernel, compiled: compile(definition, kernel) };
  const names = { name: definition.name, fingerprint: fingerprintOf(definition) };
  const prior = parsePrior(find("prior", priors, choice.PRIOR), names);
  return { kernel, compiled: compile(definition, kernel, { prior }) };
}

function find<T>(what: string, known: Record<string, T>, name: string): T {
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found !== undefined) return found;
  throw new Error(`there is no ${what} "${name}"; known are ${Object.keys(known).join(", ") || "none"}`);
}

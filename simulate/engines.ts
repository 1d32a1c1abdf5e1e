import type { Definition } from "../src/definition/schema.ts";
import { type Compiled, compile } from "../src/kernel/compile.ts";
import { Kernel } from "../src/kernel/instance.ts";
import { loadKernel } from "../src/kernel/node.ts";
import type { Engine } from "../src/profile/engine.ts";

/** What the kernel throws when it is made to trap. */
export class InjectedTrap extends WebAssembly.RuntimeError {}

/** An event of this value is poison: every kernel traps on it. */
export const POISON_VALUE = 666.25;

/** A kernel that can be made to trap, and that then insists on being discarded. */
class FragileKernel extends Kernel {
  trapped = false;
  /** Whether it was used after it had trapped. */
  misused = false;
  #foldsToTrap = 0;

  /** The `folds`-th fold from now traps; with 0, none. */
  arm(folds: number): void {
    this.#foldsToTrap = folds;
  }

  override fresh(compiled: Compiled): Uint8Array {
    this.#use();
    return super.fresh(compiled);
  }

  override fold(compiled: Compiled, state: Uint8Array, count: number): Uint8Array {
    this.#use();
    if ((this.#foldsToTrap > 0 && --this.#foldsToTrap === 0) || this.#isPoisoned(compiled, count)) {
      this.trapped = true;
      throw new InjectedTrap("injected: trap");
    }
    return super.fold(compiled, state, count);
  }

  override advance(compiled: Compiled, state: Uint8Array, at: number): Uint8Array {
    this.#use();
    return super.advance(compiled, state, at);
  }

  #use(): void {
    if (this.trapped) this.misused = true;
  }

  #isPoisoned({ recordBytes }: Compiled, count: number): boolean {
    const { RECORDS, R_VALUE } = this.layout;
    for (let i = 0; i < count; i++) {
      if (this.doubles[(RECORDS + i * recordBytes + R_VALUE) >> 3] === POISON_VALUE) return true;
    }
    return false;
  }
}

interface FragileEngine extends Engine {
  kernel: FragileKernel;
}

/** The engines of an isolate, one a definition, shared by all its objects. */
export class Engines {
  readonly #definitions: readonly Definition[];
  readonly #engines = new Map<number, FragileEngine>();
  #discarded: FragileKernel[] = [];

  constructor(definitions: readonly Definition[]) {
    this.#definitions = definitions;
  }

  get(index: number): FragileEngine {
    let engine = this.#engines.get(index);
    if (engine === undefined) {
      const definition = this.#definitions[index];
      if (definition === undefined) throw new Error(`there is no definition ${index}`);
      const kernel = new FragileKernel(loadKernel());
      engine = { kernel, compiled: compile(definition, kernel) };
      this.#engines.set(index, engine);
    }
    return engine;
  }

  discard(index: number): void {
    const engine = this.#engines.get(index);
    if (engine?.kernel.trapped) this.#discarded.push(engine.kernel);
    this.#engines.delete(index);
  }

  /** Whether a kernel was used after it had trapped. */
  get misused(): boolean {
    return this.#discarded.some(({ misused }) => misused);
  }

  /** Puts right what a run before may have left. */
  reset(): void {
    for (const [index, { kernel }] of this.#engines) {
      kernel.arm(0);
      if (kernel.trapped) this.discard(index);
    }
    this.#discarded = [];
  }
}

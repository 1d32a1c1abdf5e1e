import type { Definition } from "../src/definition/schema.ts";
import { type Compiled, compile } from "../src/kernel/compile.ts";
import { Kernel } from "../src/kernel/instance.ts";
import { loadKernel } from "../src/kernel/node.ts";
import type { Engine } from "../src/profile/engine.ts";

/** What the kernel throws when it is made to trap. */
export class InjectedTrap extends WebAssembly.RuntimeError {}

/** A kernel that can be made to trap, and that then insists on being discarded. */
class FragileKernel extends Kernel {
  trapped = false;
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
    if (this.#foldsToTrap > 0 && --this.#foldsToTrap === 0) {
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
    if (this.trapped) throw new Error("a kernel was used after it had trapped");
  }
}

interface FragileEngine extends Engine {
  kernel: FragileKernel;
}

/** The engines of an isolate, one a definition, shared by all its objects. */
export class Engines {
  readonly #definitions: readonly Definition[];
  readonly #engines = new Map<number, FragileEngine>();

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
    this.#engines.delete(index);
  }

  /** Puts right what a run before may have left. */
  reset(): void {
    for (const [index, { kernel }] of this.#engines) {
      kernel.arm(0);
      if (kernel.trapped) this.discard(index);
    }
  }
}

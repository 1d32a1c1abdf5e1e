import type { Prior } from "../../src/definition/prior.ts";
import { type Definition, parseDefinition } from "../../src/definition/schema.ts";
import type { Event, JsonObject } from "../../src/events/event.ts";
import { type Compiled, compile } from "../../src/kernel/compile.ts";
import { decode } from "../../src/kernel/decode.ts";
import { Kernel } from "../../src/kernel/instance.ts";
import { loadKernel } from "../../src/kernel/node.ts";
import { rank } from "../../src/kernel/rank.ts";
import type { View } from "../../src/kernel/view.ts";
import { foldEvents } from "../../src/profile/fold.ts";
import { freshState, type State } from "../../src/profile/state.ts";

/** A new instance of the built kernel. */
export function newKernel(): Kernel {
  return new Kernel(loadKernel());
}

/** The kernel with its host, behind the interface that the scalar reference has. */
export class KernelFold {
  readonly kernel = newKernel();
  readonly compiled: Compiled;
  state: State;

  constructor(definition: Definition, prior?: Prior) {
    this.compiled = compile(parseDefinition(definition), this.kernel, prior === undefined ? {} : { prior });
    this.state = freshState(this.kernel, this.compiled);
  }

  fold(events: readonly Event[]): void {
    this.state = foldEvents(this.kernel, this.compiled, this.state, events);
  }

  view(at: number): View {
    return decode(this.kernel, this.compiled, this.state.kernel, this.state.labels, this.#trait, at);
  }

  rank(candidates: readonly { id: string; properties: JsonObject }[], at: number, model: string) {
    const index = this.compiled.models.findIndex(({ name }) => name === model);
    const question = {
      compiled: this.compiled,
      state: this.state.kernel,
      trait: this.#trait,
      at,
      model: index,
    };
    const scored = rank(this.kernel, question, candidates, true);
    return scored.map((one, i) => ({ id: candidates[i]?.id ?? "", contributions: [], ...one }));
  }

  readonly #trait = (name: string) => this.state.traits.get(name)?.value;
}

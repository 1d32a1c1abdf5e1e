import type { JsonObject } from "../events/event.ts";
import type { Compiled } from "./compile.ts";
import { encodeCandidate, type TraitReader } from "./encode.ts";
import type { Kernel } from "./instance.ts";

/** A candidate's score by a model; `contributions` are log-odds in the order of the model's features. */
export interface Scored {
  score: number;
  sd: number;
  contributions?: { feature: string; value: number }[];
}

/** Scores candidates for a state at the time `at`, in the order given. */
export function rank(
  kernel: Kernel,
  compiled: Compiled,
  state: Uint8Array,
  trait: TraitReader,
  candidates: readonly { properties: JsonObject }[],
  at: number,
  modelIndex: number,
  explain: boolean,
): Scored[] {
  const { layout } = kernel;
  const model = compiled.models[modelIndex];
  if (model === undefined) throw new Error(`model ${modelIndex} of ${compiled.models.length} was asked for`);
  const outWords = (layout.O_CONTRIBUTIONS >> 2) + (explain ? model.width : 0);
  const slice = Math.min(kernel.capacity(compiled), Math.floor(layout.OUTPUT_BYTES / 4 / outWords));
  const scored: Scored[] = [];
  for (let from = 0; from < candidates.length; from += slice) {
    const part = candidates.slice(from, from + slice);
    part.forEach((candidate, i) => {
      encodeCandidate(kernel, compiled, candidate.properties, at, trait, i);
    });
    kernel.rank(compiled, state, part.length, modelIndex, explain);
    for (let i = 0; i < part.length; i++) {
      const out = (layout.OUTPUT >> 2) + i * outWords;
      const word = (offset: number) => kernel.floats[out + (offset >> 2)] ?? Number.NaN;
      const one: Scored = { score: word(layout.O_PROBABILITY), sd: word(layout.O_SD) };
      if (explain) {
        one.contributions = model.features.map(({ name, slot, width }) => {
          let value = 0;
          for (let j = slot; j < slot + width; j++) value += word(layout.O_CONTRIBUTIONS + 4 * j);
          return { feature: name, value };
        });
      }
      scored.push(one);
    }
  }
  return scored;
}

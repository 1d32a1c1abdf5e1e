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

/** What is scored: a state with its traits, at a time, by a model of the definition. */
export interface Question {
  compiled: Compiled;
  state: Uint8Array;
  trait: TraitReader;
  /** ms. */
  at: number;
  /** Index of the model. */
  model: number;
}

type Candidates = readonly { properties: JsonObject }[];

/** Scores candidates, in the order given. */
export function rank(kernel: Kernel, question: Question, candidates: Candidates, explain: boolean): Scored[] {
  const { layout } = kernel;
  const { compiled, at, trait } = question;
  const model = modelOf(question);
  const state = kernel.advance(compiled, question.state, at);
  const outWords = (layout.O_CONTRIBUTIONS >> 2) + (explain ? model.width : 0);
  const slice = Math.min(kernel.capacity(compiled), Math.floor(layout.OUTPUT_BYTES / 4 / outWords));
  const scored: Scored[] = [];
  for (let from = 0; from < candidates.length; from += slice) {
    const part = candidates.slice(from, from + slice);
    part.forEach((candidate, i) => {
      encodeCandidate(kernel, compiled, candidate.properties, at, trait, i);
    });
    kernel.rank(compiled, state, part.length, question.model, explain);
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

/** How candidates are ordered: by probability, by a draw of what the model believes, or by an upper bound of it. */
export type Exploration = "greedy" | "thompson" | "ucb";

/** What a candidate is ordered by, and the probability that it comes first. */
export interface Explored {
  order: number;
  propensity: number;
}

/** How many candidates can be explored at once: each one's features stay in memory. */
export function mostExplored(kernel: Kernel, compiled: Compiled, model: number): number {
  const { layout } = kernel;
  const bytes = layout.X_VECTOR + 4 * (compiled.models[model]?.width ?? layout.MOST_FEATURES);
  return Math.min(kernel.capacity(compiled), Math.floor(layout.OUTPUT_BYTES / bytes));
}

/** Orders candidates by an exploration, from a seed: the same seed, the same order. In the order given. */
export function explore(
  kernel: Kernel,
  question: Question,
  candidates: Candidates,
  exploration: Exploration,
  seed: number,
): Explored[] {
  const { layout } = kernel;
  const { compiled, at, trait } = question;
  const most = mostExplored(kernel, compiled, question.model);
  if (candidates.length > most)
    throw new Error(`${candidates.length} candidates are to be explored, ${most} fit`);
  const state = kernel.advance(compiled, question.state, at);
  candidates.forEach((candidate, i) => {
    encodeCandidate(kernel, compiled, candidate.properties, at, trait, i);
  });
  const how = { greedy: 0, thompson: layout.EXPLORE_THOMPSON, ucb: layout.EXPLORE_UCB }[exploration];
  const bytes = kernel.explore(compiled, state, candidates.length, question.model, how, seed);
  return candidates.map((_, i) => {
    const out = layout.OUTPUT + i * bytes;
    return {
      order: kernel.floats[(out + layout.X_SCORE) >> 2] ?? Number.NaN,
      propensity: kernel.floats[(out + layout.X_PROPENSITY) >> 2] ?? Number.NaN,
    };
  });
}

function modelOf({ compiled, model }: Question): Compiled["models"][number] {
  const found = compiled.models[model];
  if (found === undefined) throw new Error(`model ${model} of ${compiled.models.length} was asked for`);
  return found;
}

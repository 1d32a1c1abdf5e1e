import type { Kernel } from "../kernel/instance.ts";
import { explore, type Question, rank } from "../kernel/rank.ts";
import type { Ranked, RankRequest } from "./contract.ts";

/** The best candidates, best first. */
export function order(kernel: Kernel, question: Question, request: RankRequest): Ranked[] {
  const { candidates, limit, explain } = request;
  const scored = rank(kernel, question, candidates, explain);
  const explored =
    request.explore === undefined
      ? undefined
      : explore(kernel, question, candidates, request.explore.how, request.explore.seed);
  return candidates
    .map(({ id }, i) => {
      const { score = Number.NaN, sd = Number.NaN, contributions } = scored[i] ?? {};
      contributions?.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      const one: Ranked = { id, score, sd };
      const choice = explored?.[i];
      if (choice !== undefined) one.propensity = choice.propensity;
      if (contributions !== undefined) one.contributions = contributions;
      return { one, order: choice?.order ?? score };
    })
    .sort((a, b) => b.order - a.order || (a.one.id < b.one.id ? -1 : 1))
    .slice(0, limit)
    .map(({ one }) => one);
}

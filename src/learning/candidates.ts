import { spread } from "./metrics.ts";

/** A setting that was tried, and its mean log loss in each block. */
export interface Candidate<Setting> {
  /** The setting, for people. */
  name: string;
  setting: Setting;
  losses: number[];
}

/** Candidates of one choice, and the one to take. */
export interface Choice<Setting> {
  candidates: Candidate<Setting>[];
  chosen: Candidate<Setting>;
}

/** The candidate of least mean log loss; the first of equals. */
export function best<Setting>(candidates: readonly Candidate<Setting>[]): Candidate<Setting> {
  const [first, ...others] = candidates;
  if (first === undefined) throw new Error("at least one candidate is expected, there is none");
  return others.reduce((least, one) => (meanLoss(one) < meanLoss(least) ? one : least), first);
}

/** A smaller share of the log loss is not worth a change of the definition, which refolds every profile. */
const WORTHWHILE = 0.001;

/**
 * The best candidate, unless what there is already does: the mean advantage over `current`, block by block, must be
 * worthwhile and exceed its own standard error.
 */
export function bestOver<Setting>(
  current: Candidate<Setting>,
  candidates: readonly Candidate<Setting>[],
): Candidate<Setting> {
  const found = best(candidates);
  const { mean, sd } = spread(
    current.losses.map((loss, block) => loss - (found.losses[block] ?? Number.NaN)),
  );
  const least = Math.max(sd / Math.sqrt(current.losses.length), WORTHWHILE * meanLoss(current));
  return mean > least ? found : current;
}

function meanLoss({ losses }: Candidate<unknown>): number {
  return spread(losses).mean;
}

import { decode } from "../kernel/decode.ts";
import type { InterestView } from "../kernel/view.ts";
import type { Engine } from "./engine.ts";
import { digestOf, type State } from "./state.ts";

/** A profile as it is answered. */
export function describe(
  { kernel, compiled }: Engine,
  user: string,
  version: number,
  state: State,
  at: number,
) {
  const trait = (name: string) => state.traits.get(name)?.value;
  const view = decode(kernel, compiled, state.kernel, state.labels, trait, at);
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  const traits = [...state.traits].map(([name, { value, time, source }]) => [
    name,
    { value, time: iso(time), source },
  ]);
  return {
    id: user,
    version,
    asOf: iso(at),
    definition: compiled.definition.name,
    digest: digestOf(compiled.fingerprint, state),
    events: view.events,
    firstSeen: iso(view.firstSeen),
    lastSeen: iso(view.lastSeen),
    traits: Object.fromEntries(traits),
    numbers: view.numbers,
    interests: Object.fromEntries(
      Object.entries(view.interests).map(([dimension, { total, top }]) => [
        dimension,
        { total: round(total), top: top.map(roundInterest) },
      ]),
    ),
    windows: view.windows,
    scores: view.scores,
    quality: Object.fromEntries(
      Object.entries(view.quality).map(([model, quality]) => [
        model,
        { ...quality, drift: { ...quality.drift, lastAt: iso(quality.drift.lastAt) } },
      ]),
    ),
  };
}

/** To what is worth telling: the digits of a decayed weight are most of a profile's text, and time eats them. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function roundInterest({ key, weight, error, share }: InterestView["top"][number]) {
  return { key, weight: round(weight), error: round(error), share: round(share) };
}

import { type Definition, durationMs } from "../definition/schema.ts";

const UNITS: [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
];

/** The definition with the half-life of every interest dimension times `factor`. */
export function scaleHalfLives(definition: Definition, factor: number): Definition {
  const interests = Object.entries(definition.interests).map(([name, dimension]) => {
    const halfLife =
      factor === 1 ? dimension.halfLife : durationText(durationMs(dimension.halfLife) * factor);
    return [name, { ...dimension, halfLife }];
  });
  return { ...definition, interests: Object.fromEntries(interests) };
}

/** A duration as definitions write it, in the largest unit that gives a number of 1 or more: 43,200,000 is `12h`. */
export function durationText(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? ["s", 1000];
  return `${Number((ms / size).toFixed(3))}${unit}`;
}

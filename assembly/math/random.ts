// Random numbers from a seed in memory: the same seed, the same numbers, on every machine.
import { cosTurn, log } from "./exp";

/** The next 32 bits of mulberry32 (Ettinger 2017), whose state is the u32 at `seed`. */
export function random(seed: usize): u32 {
  const state = load<u32>(seed) + 0x6d2b79f5;
  store<u32>(seed, state);
  let t = (state ^ (state >>> 15)) * (state | 1);
  t ^= t + (t ^ (t >>> 7)) * (t | 61);
  return t ^ (t >>> 14);
}

/** Uniform in [0, 1). */
@inline export function uniform(seed: usize): f64 {
  return <f64>random(seed) / 4294967296;
}

/** Standard normal (Box and Muller 1958). */
export function normal(seed: usize): f64 {
  const radius = sqrt(-2 * log(1 - uniform(seed)));
  return radius * cosTurn(uniform(seed));
}

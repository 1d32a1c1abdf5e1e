// The elementary functions as a module of their own, for the test of their bits. No part of the kernel.
import { log1ps } from "./exp";
import { normal as drawNormal, random as drawRandom } from "./random";

export { exp, log, log1p, sinTurn } from "./exp";

/** One lane of two logarithms taken together. */
export function log1pOfTwo(x: f64, y: f64, second: bool): f64 {
  const both = log1ps(f64x2.replace_lane(f64x2.splat(x), 1, y));
  return second ? f64x2.extract_lane(both, 1) : f64x2.extract_lane(both, 0);
}

const SEED: usize = memory.data(16, 16);

export function seed(value: u32): void {
  store<u32>(SEED, value);
}

export function random(): u32 {
  return drawRandom(SEED);
}

export function normal(): f64 {
  return drawNormal(SEED);
}

// The elementary functions as a module of their own, for the test of their bits. No part of the kernel.
import { normal as drawNormal, random as drawRandom } from "./random";

export { exp, log, log1p, sinTurn } from "./exp";

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

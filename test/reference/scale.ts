export type ScaleName = "linear" | "log";

/** On a log scale, sgn(x)·ln(1 + |x|). */
export function toScale(scale: ScaleName, x: number): number {
  return scale === "log" ? Math.sign(x) * Math.log1p(Math.abs(x)) : x;
}

/** The inverse of `toScale`. */
export function fromScale(scale: ScaleName, u: number): number {
  return scale === "log" ? Math.sign(u) * Math.expm1(Math.abs(u)) : u;
}

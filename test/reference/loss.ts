/** A probability is taken within this of 0 and 1, so that no loss is infinite. */
const LEAST = 1e-9;

/** −ln of the probability given to what happened; y is 0 or 1. */
export function logLoss(probability: number, y: number): number {
  const p = Math.max(LEAST, Math.min(1 - LEAST, probability));
  return -Math.log(y === 1 ? p : 1 - p);
}

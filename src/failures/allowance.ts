/** A token bucket: `burst` at once, `perSecond` over time. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  /** ms. */
  #at = 0;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** How many of `wanted` may pass at `now` (ms): as many as are left. A clock that is set back refills nothing. */
  take(wanted: number, now: number): number {
    const elapsedMs = Math.max(0, now - this.#at);
    this.#at = now;
    this.#left = Math.min(this.#burst, this.#left + (elapsedMs / 1000) * this.#perSecond);
    const granted = Math.min(wanted, Math.floor(this.#left));
    this.#left -= granted;
    return granted;
  }
}

/**
 * Requests that are in flight, by whom they are about: a hot id, or one that a faulty client gives to everybody, is
 * turned away here, before its object is overloaded and the isolate's memory full of waiting requests.
 */
export class InFlight {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Notes one more, which must `leave`; false, and nothing noted, when there are as many as may be. */
  enter(key: string): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#most) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  leave(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count <= 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
  }
}

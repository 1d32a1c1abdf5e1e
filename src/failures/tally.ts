import type { Count } from "./contract.ts";

/** Counts in memory until they are taken: what every event of an isolate costs is one of these additions. */
export class Tally {
  #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** All counts, which are then gone from here. */
  take(): Count[] {
    const counts = [...this.#counts];
    this.#counts.clear();
    return counts;
  }

  /** Counts that could not be delivered. */
  putBack(counts: readonly Count[]): void {
    for (const [name, count] of counts) this.add(name, count);
  }
}

interface Entry {
  time: number;
  /** Breaks ties: what was scheduled first runs first. */
  order: number;
  action: () => void;
}

/** Simulated time: actions run one after the other, each at its time; between them nothing passes. */
export class Schedule {
  /** ms since the run began. */
  now = 0;
  readonly #entries: Entry[] = [];
  #order = 0;

  after(delayMs: number, action: () => void): void {
    const entry = { time: this.now + delayMs, order: this.#order++, action };
    // The next one to run is last.
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#entries[middle];
      if (other !== undefined && other.time > entry.time) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
  }

  /** Runs until nothing is left to do; false when that takes more than `most` actions. */
  run(most: number): boolean {
    for (let i = 0; i < most; i++) {
      const entry = this.#entries.pop();
      if (entry === undefined) return true;
      this.now = entry.time;
      entry.action();
    }
    return this.#entries.length === 0;
  }
}

/** What a run found wrong: nothing, if all is well. */
export class Findings {
  /** Acknowledged events that are not in the profile. */
  readonly lost: string[] = [];
  /** Events that are in it, or were said to be applied, more than once. */
  readonly double: string[] = [];
  /** Everything else that is not as the oracle has it. */
  readonly different: string[] = [];

  get count(): number {
    return this.lost.length + this.double.length + this.different.length;
  }

  *[Symbol.iterator](): IterableIterator<string> {
    for (const text of this.lost) yield `lost: ${text}`;
    for (const text of this.double) yield `double: ${text}`;
    for (const text of this.different) yield `different: ${text}`;
  }
}

/** The closing line of many runs. */
export class Summary {
  acknowledged = 0;
  #runs = 0;
  #lost = 0;
  #double = 0;
  #different = 0;

  add(acknowledged: number, findings: Findings): void {
    this.#runs++;
    this.acknowledged += acknowledged;
    this.#lost += findings.lost.length;
    this.#double += findings.double.length;
    this.#different += findings.different.length;
  }

  get ok(): boolean {
    return this.#lost + this.#double + this.#different === 0;
  }

  /** `runs` is what they are called. */
  line(command: string, runs: string): string {
    const wrong = `${this.#lost} lost, ${this.#double} double, ${this.#different} different`;
    return `${command}: ${this.#runs} ${runs}, ${this.acknowledged} events acknowledged, ${wrong}`;
  }
}

/** Everything that happened in a run, as one hash: equal for equal runs. */
export class Trace {
  readonly #print: ((line: string) => void) | undefined;
  #a = 0xdeadbeef;
  #b = 0x41c6ce57;

  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  add(line: string): void {
    for (let i = 0; i < line.length; i++) {
      const unit = line.charCodeAt(i);
      this.#a = Math.imul(this.#a ^ unit, 2654435761);
      this.#b = Math.imul(this.#b ^ unit, 1597334677);
    }
    // The end of a line counts: "ab", "c" is another trace than "a", "bc".
    this.#a = Math.imul(this.#a ^ 10, 2246822507);
    this.#b = Math.imul(this.#b ^ (this.#a >>> 13), 3266489909);
    this.#print?.(line);
  }

  get hash(): string {
    const hex = (half: number) => (half >>> 0).toString(16).padStart(8, "0");
    return hex(this.#a) + hex(this.#b ^ (this.#b >>> 16));
  }
}

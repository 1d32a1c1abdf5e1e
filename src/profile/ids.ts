const NONE: readonly number[] = [];

/**
 * Which page may hold an event id, by the id's 53-bit hash: an open-addressing table, 12 bytes an entry, because a
 * Map of 100,000 ids would take ten times that of an isolate's memory. Hashes can collide: compare the ids.
 */
export class IdIndex {
  #hashes: Float64Array;
  #pages: Int32Array;
  #size = 0;

  constructor(expected: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(8, expected * 2)));
    this.#hashes = new Float64Array(slots);
    this.#pages = new Int32Array(slots);
  }

  /** Notes that the page holds an id of this hash. The same hash may stand for several pages. */
  add(hash: number, page: number): void {
    if ((this.#size + 1) * 2 > this.#hashes.length) this.#grow();
    let slot = this.#slot(hash);
    while (this.#hashes[slot] !== 0) {
      if (this.#hashes[slot] === hash && this.#pages[slot] === page) return;
      slot = (slot + 1) & (this.#hashes.length - 1);
    }
    this.#hashes[slot] = hash;
    this.#pages[slot] = page;
    this.#size++;
  }

  /** The pages that hold an id of this hash: nearly always none or one. */
  find(hash: number): readonly number[] {
    // Asked of every new event, and nearly always answered with none.
    if (this.#hashes[this.#slot(hash)] === 0) return NONE;
    const pages: number[] = [];
    for (
      let slot = this.#slot(hash);
      this.#hashes[slot] !== 0;
      slot = (slot + 1) & (this.#hashes.length - 1)
    ) {
      if (this.#hashes[slot] === hash) pages.push(this.#pages[slot] ?? 0);
    }
    return pages;
  }

  /** The low 32 bits of the hash are as good as random. */
  #slot(hash: number): number {
    return (hash >>> 0) & (this.#hashes.length - 1);
  }

  #grow(): void {
    const hashes = this.#hashes;
    const pages = this.#pages;
    this.#hashes = new Float64Array(hashes.length * 2);
    this.#pages = new Int32Array(hashes.length * 2);
    this.#size = 0;
    hashes.forEach((hash, slot) => {
      if (hash !== 0) this.add(hash, pages[slot] ?? 0);
    });
  }
}

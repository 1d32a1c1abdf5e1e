import type { InterestView } from "../../src/kernel/view.ts";

interface Slot {
  key: string;
  weight: number;
  error: number;
}

/** Above this exponent the forward-decayed weights are brought back, long before a double overflows. */
const LARGEST_EXPONENT = 40;

/**
 * The keys of one dimension a user cares about most: Space-Saving (Metwally, Agrawal and El Abbadi, ICDT
 * 2005) over weights that are stored forward-decayed (Cormode et al., ICDE 2009), so that time passing
 * touches no slot.
 */
export class Interest {
  private readonly rate: number;
  private readonly keep: number;
  private readonly slots: Slot[] = [];
  private readonly byKey = new Map<string, Slot>();
  private total = 0;
  private landmarkMs = NaN;

  constructor(halfLifeMs: number, keep: number) {
    this.rate = Math.LN2 / halfLifeMs;
    this.keep = keep;
  }

  add(key: string, weight: number, timeMs: number): void {
    const gain = weight * Math.exp(this.exponentAt(timeMs));
    this.total += gain;
    const known = this.byKey.get(key);
    if (known !== undefined) {
      known.weight += gain;
    } else if (this.slots.length < this.keep) {
      const slot = { key, weight: gain, error: 0 };
      this.slots.push(slot);
      this.byKey.set(key, slot);
    } else {
      this.replaceLightest(key, gain);
    }
  }

  /** The key's part of all the weight ever seen. It has no time: both decay alike. */
  share(key: string): number {
    const slot = this.byKey.get(key);
    return slot === undefined || this.total === 0 ? 0 : slot.weight / this.total;
  }

  view(timeMs: number): InterestView {
    const decay = this.slots.length === 0 ? 0 : Math.exp(-this.rate * (timeMs - this.landmarkMs));
    return {
      total: this.total * decay,
      top: [...this.slots]
        .sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1))
        .map(({ key, weight, error }) => ({
          key,
          weight: weight * decay,
          error: error * decay,
          share: this.share(key),
        })),
    };
  }

  /** How far t is from the landmark, in decay; moves the landmark when that is too far. */
  private exponentAt(timeMs: number): number {
    if (this.slots.length === 0) this.landmarkMs = timeMs;
    const exponent = this.rate * (timeMs - this.landmarkMs);
    if (exponent <= LARGEST_EXPONENT) return exponent;
    const decay = Math.exp(-exponent);
    for (const slot of this.slots) {
      slot.weight *= decay;
      slot.error *= decay;
    }
    this.total *= decay;
    this.landmarkMs = timeMs;
    return 0;
  }

  private replaceLightest(key: string, gain: number): void {
    let lightest = this.slots[0];
    for (const slot of this.slots) {
      if (lightest === undefined || slot.weight < lightest.weight) lightest = slot;
    }
    if (lightest === undefined) throw new Error("expected a dimension that keeps at least one key");
    this.byKey.delete(lightest.key);
    lightest.key = key;
    lightest.error = lightest.weight;
    lightest.weight += gain;
    this.byKey.set(key, lightest);
  }
}

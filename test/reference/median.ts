/**
 * The P² estimate of the median (Jain and Chlamtac, CACM 1985, p = 0.5): five markers in constant memory,
 * exact for the first five values.
 */
export class P2Median {
  private count = 0;
  /** The values in order while there are at most five, then the markers' heights. */
  private readonly heights: number[] = [];
  /** The markers' positions, from 1. */
  private readonly positions = [1, 2, 3, 4, 5];

  add(x: number): void {
    this.count += 1;
    if (this.count <= 5) {
      this.heights.push(x);
      this.heights.sort((a, b) => a - b);
      return;
    }
    const cell = this.cellOf(x);
    for (let i = cell + 1; i < 5; i++) this.positions[i] = this.position(i) + 1;
    for (let i = 1; i <= 3; i++) this.adjust(i);
  }

  /** NaN before the first value. */
  estimate(): number {
    if (this.count >= 5) return this.height(2);
    const middle = this.count >> 1;
    return this.count % 2 === 1 ? this.height(middle) : (this.height(middle - 1) + this.height(middle)) / 2;
  }

  /** Which of the four cells between the markers x falls in; the outer markers stretch to hold it. */
  private cellOf(x: number): number {
    if (x < this.height(0)) {
      this.heights[0] = x;
      return 0;
    }
    if (x >= this.height(4)) {
      this.heights[4] = x;
      return 3;
    }
    let cell = 0;
    while (x >= this.height(cell + 1)) cell += 1;
    return cell;
  }

  private adjust(i: number): void {
    const n = this.position(i);
    const left = this.position(i - 1);
    const right = this.position(i + 1);
    const away = 1 + ((this.count - 1) * i) / 4 - n;
    if (!(away >= 1 && right - n > 1) && !(away <= -1 && left - n < -1)) return;

    const step = away > 0 ? 1 : -1;
    const q = this.height(i);
    const below = this.height(i - 1);
    const above = this.height(i + 1);
    // Where markers are equal, rounding decides between parabola and line: so the operations are in the kernel's order.
    const up = (above - q) / (right - n);
    const down = (q - below) / (n - left);
    const parabolic = q + (step / (right - left)) * ((n - left + step) * up + (right - n - step) * down);
    if (below < parabolic && parabolic < above) this.heights[i] = parabolic;
    else this.heights[i] = step > 0 ? q + up : q - down;
    this.positions[i] = n + step;
  }

  private height(i: number): number {
    return this.heights[i] ?? NaN;
  }

  private position(i: number): number {
    return this.positions[i] ?? NaN;
  }
}

/** The median of values that are all at hand; of an even number, the mean of the middle two. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

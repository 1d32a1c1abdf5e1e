/** An example that waits for its outcome. */
export interface PendingExample {
  /** The features, and the probability predicted, when it was opened. */
  x: number[];
  probability: number;
  /** What its outcome must have in common with it. */
  key: string;
  propensity: number;
  /** When it becomes a negative, ms. */
  runsOutMs: number;
}

/**
 * The examples that wait for their outcome, oldest first. Every one waits equally long, so the oldest is also
 * the first to run out.
 */
export class Pending {
  private readonly most: number;
  private waiting: PendingExample[] = [];
  /** Examples that were not taken because too many waited. */
  skipped = 0;

  constructor(most: number) {
    this.most = most;
  }

  get count(): number {
    return this.waiting.length;
  }

  /** Whether one more may wait; counts it as skipped when not. */
  admits(): boolean {
    if (this.waiting.length < this.most) return true;
    this.skipped += 1;
    return false;
  }

  open(example: PendingExample): void {
    this.waiting.push(example);
  }

  /** Whether any ran out before a time. */
  hasRunOut(timeMs: number): boolean {
    const oldest = this.waiting[0];
    return oldest !== undefined && oldest.runsOutMs < timeMs;
  }

  /** Takes out those that ran out before a time. */
  takeRunOut(timeMs: number): PendingExample[] {
    return this.hasRunOut(timeMs) ? this.take((example) => example.runsOutMs < timeMs) : [];
  }

  /** Takes out those that an outcome with the key ends. */
  takeKey(key: string): PendingExample[] {
    return this.take((example) => example.key === key);
  }

  private take(ends: (example: PendingExample) => boolean): PendingExample[] {
    const taken = this.waiting.filter(ends);
    if (taken.length > 0) this.waiting = this.waiting.filter((example) => !ends(example));
    return taken;
  }
}

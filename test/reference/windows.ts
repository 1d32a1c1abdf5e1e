const BUCKETS = 12;
/** A count per name in one bucket stops here: the kernel keeps it in 16 bits. */
const LARGEST_COUNT = 65_535;

interface Bucket {
  /** ⌊t / bucket width⌋ of what it holds; NaN while it holds nothing. */
  index: number;
  events: number;
  value: number;
  /** By the event's place in the definition. */
  counts: number[];
}

/** What happened in the last W ms, in steps of W/12: a ring of twelve buckets. */
export class SlidingWindow {
  private readonly bucketMs: number;
  private readonly names: number;
  private readonly ring: Bucket[] = [];

  /** `names`: how many event names are counted. */
  constructor(widthMs: number, names: number) {
    this.bucketMs = widthMs / BUCKETS;
    this.names = names;
    for (let i = 0; i < BUCKETS; i++) {
      this.ring.push({ index: NaN, events: 0, value: 0, counts: new Array<number>(names).fill(0) });
    }
  }

  /** `name` is the event's place in the definition, -1 for any other event. */
  add(timeMs: number, name: number, value: number): void {
    const index = Math.floor(timeMs / this.bucketMs);
    const bucket = this.ring[index % BUCKETS];
    if (bucket === undefined) throw new Error(`expected a time from 1970 on, found ${timeMs}`);
    if (bucket.index !== index) {
      bucket.index = index;
      bucket.events = 0;
      bucket.value = 0;
      bucket.counts.fill(0);
    }
    bucket.events += 1;
    bucket.value += value;
    if (name < 0) return;
    bucket.counts[name] = Math.min(LARGEST_COUNT, (bucket.counts[name] ?? 0) + 1);
  }

  /** How many events of that name the window holds at a time. */
  count(timeMs: number, name: number): number {
    const newest = Math.floor(timeMs / this.bucketMs);
    let sum = 0;
    for (const bucket of this.ring) {
      if (holds(newest, bucket)) sum += bucket.counts[name] ?? 0;
    }
    return sum;
  }

  /** The whole window at a time. */
  total(timeMs: number): { events: number; value: number; counts: number[] } {
    const newest = Math.floor(timeMs / this.bucketMs);
    const total = { events: 0, value: 0, counts: new Array<number>(this.names).fill(0) };
    for (const bucket of this.ring) {
      if (!holds(newest, bucket)) continue;
      total.events += bucket.events;
      total.value += bucket.value;
      bucket.counts.forEach((count, name) => {
        total.counts[name] = (total.counts[name] ?? 0) + count;
      });
    }
    return total;
  }
}

/** Whether the window whose newest bucket has that index includes the bucket (never while it is empty). */
function holds(newest: number, bucket: Bucket): boolean {
  return bucket.index > newest - BUCKETS && bucket.index <= newest;
}

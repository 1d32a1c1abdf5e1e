// A sliding window: a ring of buckets, each stamped with the time it stands for, so that passing time clears nothing.
import { B_COUNTS, B_EVENTS, B_STAMP, B_VALUE, W_BUCKETS } from "../layout";

/** Counts an event of `name` (-1: one without a count of its own) with `value` at `t`. */
export function addToWindow(w: usize, bucketMs: f64, bucketBytes: i32, name: i32, value: f64, t: f64): void {
  const index = <u32>(t / bucketMs);
  const b = w + <usize>((index % <u32>W_BUCKETS) * <u32>bucketBytes);
  if (load<u32>(b, B_STAMP) != index + 1) {
    memory.fill(b, 0, <usize>bucketBytes);
    store<u32>(b, index + 1, B_STAMP);
  }
  store<u32>(b, load<u32>(b, B_EVENTS) + 1, B_EVENTS);
  store<f64>(b, load<f64>(b, B_VALUE) + value, B_VALUE);
  if (name < 0) return;
  const counter = b + B_COUNTS + (<usize>name << 1);
  const count = load<u16>(counter);
  if (count < 0xffff) store<u16>(counter, count + 1);
}

/** Events of `name` in the window that ends at `t`. */
export function countInWindow(w: usize, bucketMs: f64, bucketBytes: i32, name: i32, t: f64): u32 {
  const newest = <u32>(t / bucketMs) + 1;
  let count: u32 = 0;
  for (let i = 0; i < W_BUCKETS; i++) {
    const b = w + <usize>(i * bucketBytes);
    // A stamp after `newest`, possible when the question is about the past, wraps to a large difference.
    if (newest - load<u32>(b, B_STAMP) < <u32>W_BUCKETS) count += load<u16>(b + B_COUNTS + (<usize>name << 1));
  }
  return count;
}

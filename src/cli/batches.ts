/** The bounds of a request to the edge. Its own are 2,500 events, 2 MiB and 500 users. */
export interface BatchBounds {
  events: number;
  bytes: number;
  users: number;
}

export const BATCH_BOUNDS: BatchBounds = { events: 1000, bytes: 1_500_000, users: 500 };

/**
 * Cuts events, grouped by user, into batches. A user's events stay in one batch where they fit in one, for a batch
 * costs an object one call and one commit, however many events it brings.
 */
export function cutBatches(byUser: Iterable<readonly string[]>, bounds: BatchBounds): string[][] {
  const batches: string[][] = [];
  let batch: string[] = [];
  let bytes = 0;
  let users = 0;
  const close = () => {
    if (batch.length > 0) batches.push(batch);
    batch = [];
    bytes = 0;
    users = 0;
  };
  for (const events of byUser) {
    const sizes = events.map((event) => Buffer.byteLength(event) + 1);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const fits = batch.length + events.length <= bounds.events && bytes + total <= bounds.bytes;
    if (!fits || users === bounds.users) close();
    users += 1;
    for (const [i, event] of events.entries()) {
      const size = sizes[i] ?? 0;
      if (batch.length === bounds.events || (batch.length > 0 && bytes + size > bounds.bytes)) {
        close();
        users = 1;
      }
      batch.push(event);
      bytes += size;
    }
  }
  close();
  return batches;
}

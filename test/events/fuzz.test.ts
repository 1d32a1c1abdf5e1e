import { expect, it } from "vitest";
import { fuzzDecoders } from "../../fuzz/decoders.ts";

// `npm run fuzz` does the same with 100,000 bodies, and looks at the heap.
it("any body is decided item by item, kept as it was, and folded without a trap", {
  timeout: 120_000,
}, () => {
  const run = fuzzDecoders(10_000, 5);
  expect(run.bodies).toBe(10_000);
  // It would show nothing if next to none came through.
  expect(run.accepted).toBeGreaterThan(5_000);
});

import { expect, it } from "vitest";
import { fuzzServedWorker } from "../../fuzz/served.ts";

// `npm run fuzz` does the same with 20,000 requests, after half of which memory may grow no more.
it("whatever is sent to any route is answered within a second, by no 500, and the edge serves on", async () => {
  const run = await fuzzServedWorker(1_000, 11);
  expect(run.wrong).toEqual([]);
  expect(run.requests).toBe(1_000);
  // It would show little if few came through.
  expect(run.statuses["200"]).toBeGreaterThan(100);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutBatches } from "../../src/cli/batches.ts";

const event = fc.string({ minLength: 1, maxLength: 20 });
const groups = fc.array(fc.array(event, { minLength: 1, maxLength: 12 }), { maxLength: 12 });

describe("cutBatches", () => {
  it("keeps every event, its order, and the bounds", () => {
    fc.assert(
      fc.property(groups, (byUser) => {
        const bounds = { events: 5, bytes: 60, users: 3 };
        const labelled = byUser.map((events, user) => events.map((text) => `${user} ${text}`));
        const batches = cutBatches(labelled, bounds);
        expect(batches.flat()).toEqual(labelled.flat());
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(bounds.events);
          const bytes = batch.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
          if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(bounds.bytes);
          expect(new Set(batch.map((text) => text.split(" ")[0])).size).toBeLessThanOrEqual(bounds.users);
        }
      }),
    );
  });

  it("keeps a user's events together where they fit", () => {
    const bounds = { events: 4, bytes: 1000, users: 10 };
    expect(cutBatches([["a", "a", "a"], ["b", "b"], ["c"]], bounds)).toEqual([
      ["a", "a", "a"],
      ["b", "b", "c"],
    ]);
    expect(cutBatches([["a"], ["b", "b", "b", "b", "b"]], bounds)).toEqual([
      ["a"],
      ["b", "b", "b", "b"],
      ["b"],
    ]);
  });
});

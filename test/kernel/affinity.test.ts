import { expect, it } from "vitest";
import { ecommerce } from "../../src/definition/ecommerce.ts";
import { parseDefinition } from "../../src/definition/schema.ts";
import type { Event } from "../../src/events/event.ts";
import { KernelFold } from "./kernel.ts";

const YEAR = 365 * 86_400_000;
const START = Date.UTC(2024, 0, 1);

const event = (id: string, name: string, time: number, product: string): Event => ({
  id,
  user: "u",
  name,
  time,
  receivedAt: time,
  properties: { product_id: product, category: product },
});

// Found by the fuzz of drafts: the square of such a share is nothing, and what coin betting divides by it no number.
it.each(["coin", "bayes", "sgd", "adamw", "ftrl", "mlp"])(
  "a share of interest that has all but gone leaves the scores of %s numbers",
  (kind) => {
    const { target, features } = ecommerce.models.purchase;
    const learner = kind === "mlp" ? { kind, hidden: 2 } : { kind };
    const fold = new KernelFold(
      parseDefinition({
        ...ecommerce,
        models: { purchase: { target: { ...target, pending: 2 }, features, learner } },
      }),
    );
    for (const [i, years] of [1.5, 2, 2.5, 3, 4].entries()) {
      const [before, after] = [START + i, START + years * YEAR];
      fold.fold([
        event(`old-${i}`, "Product Viewed", Math.max(before, fold.view(before).lastSeen ?? 0), `old-${i}`),
        event(`new-${i}`, "Order Completed", after, "new"),
        event(`again-${i}`, "Product Viewed", after + 1, `old-${i}`),
        event(`end-${i}`, "Order Completed", after + 2, "other"),
      ]);
      const { probability, sd, calibrated } = fold.view(after + 86_400_001).scores.purchase ?? {};
      expect([probability, sd, calibrated].every(Number.isFinite)).toBe(true);
    }
  },
);

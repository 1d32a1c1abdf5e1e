import fc from "fast-check";
import { expect, it } from "vitest";
import { ecommerce } from "../../src/definition/ecommerce.ts";
import { DefinitionError, type LearnerDefinition, parseDefinition } from "../../src/definition/schema.ts";
import type { Event } from "../../src/events/event.ts";
import { KernelFold } from "./kernel.ts";

const step = fc.constantFrom(0, 1e-12, 1e-6, 0.01, 1);
const positive = fc.constantFrom(0, 1e-300, 1e-6, 1, 1e6);
const scale = fc.constantFrom(1e-6, 1, 1e6);
const adam = {
  rate: step,
  decay: step,
  beta1: fc.constantFrom(0, 0.5, 0.999999),
  beta2: fc.constantFrom(0, 0.5, 0.999999),
  epsilon: fc.constantFrom(1e-12, 1e-8, 1),
};
const of = <K extends string>(kind: K) => ({ kind: fc.constant(kind) });
const single = fc.oneof(
  fc.record({ ...of("sgd"), rate: step, biasRate: step, l1: step, l2: step }),
  fc.record({ ...of("adamw"), ...adam }),
  fc.record({ ...of("ftrl"), alpha: scale, beta: scale, l1: positive, l2: positive }),
  fc.record({ ...of("coin"), alpha: fc.constantFrom(1e-6, 1, 100) }),
  fc.record({ ...of("bayes"), variance: scale, forget: fc.constantFrom(0, 0.001, 0.5) }),
  fc.record({
    ...of("mlp"),
    ...adam,
    hidden: fc.constantFrom(1, 4),
    dropout: fc.constantFrom(0, 0.9),
    seed: fc.nat(),
  }),
);
const learner: fc.Arbitrary<LearnerDefinition> = fc.oneof(
  single,
  fc.record({ ...of("ensemble"), of: fc.array(single, { minLength: 1, maxLength: 2 }), eta: positive }),
);

/** The default model with another learner; fewer wait, so that any learner's state fits. */
function modelWith(learner: object) {
  const { target, features } = ecommerce.models.purchase;
  const purchase = { target: { ...target, pending: 2 }, features, learner };
  return parseDefinition({ ...ecommerce, models: { purchase } });
}

const START = Date.UTC(2026, 10, 1);
const stream = Array.from({ length: 60 }, (_, i): Event => {
  const product = {
    product_id: `p${i % 7}`,
    price: [3e38, 1e-18, 1e-45, i * 7][i % 4] ?? 0,
    category: `c${i % 3}`,
  };
  const isOrder = i % 3 === 2;
  return {
    id: `e${i}`,
    user: "u",
    name: isOrder ? "Order Completed" : "Product Viewed",
    time: START + i * 600_000,
    receivedAt: START,
    properties: isOrder ? { products: [product] } : product,
  };
});

it("a score is a number whatever settings the schema takes", () => {
  fc.assert(
    fc.property(learner, (learner) => {
      const fold = new KernelFold(modelWith(learner));
      fold.fold(stream);
      const { probability, sd, calibrated } = fold.view(START + 1e8).scores.purchase ?? {};
      expect([probability, sd, calibrated].every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

// Found by the fuzz of drafts: these went beyond all numbers.
it.each([
  { kind: "sgd", rate: 1.5 },
  { kind: "sgd", l2: 1e6 },
  { kind: "adamw", decay: 2 },
  { kind: "adamw", epsilon: 0 },
  { kind: "mlp", rate: 100, decay: 100 },
  { kind: "coin", alpha: 1e6 },
])("the schema does not take %j", (settings) => {
  expect(() => modelWith(settings)).toThrow(DefinitionError);
});

import type { LearnerDefinition } from "../../../src/definition/schema.ts";
import { AdamW } from "./adamw.ts";
import { Bayes } from "./bayes.ts";
import { Coin } from "./coin.ts";
import { Ensemble } from "./ensemble.ts";
import { Ftrl } from "./ftrl.ts";
import type { Learner } from "./learner.ts";
import { Mlp } from "./mlp.ts";
import { Sgd } from "./sgd.ts";

/** What a prior says to a learner. */
export interface LearnerPrior {
  weights: number[];
  /** In place of the definition's, for `bayes`. */
  variance?: number | undefined;
  forget?: number | undefined;
}

/** The learner of a definition; `size` counts the features' values and the bias. */
export function createLearner(definition: LearnerDefinition, size: number, prior?: LearnerPrior): Learner {
  switch (definition.kind) {
    case "sgd":
      return new Sgd(size, definition, prior?.weights);
    case "adamw":
      return new AdamW(size, definition, prior?.weights);
    case "ftrl":
      return new Ftrl(size, definition);
    case "coin":
      return new Coin(size, definition);
    case "bayes": {
      const variance = prior?.variance ?? definition.variance;
      const forget = prior?.forget ?? definition.forget;
      return new Bayes(size, { variance, forget }, prior?.weights);
    }
    case "mlp":
      return new Mlp(size, definition);
    case "ensemble":
      return new Ensemble(
        definition.of.map((member) => createLearner(member, size, prior)),
        definition,
      );
  }
}

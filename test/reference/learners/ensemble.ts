import { logLoss } from "../loss.ts";
import type { Input, Learner, Prediction } from "./learner.ts";

/**
 * Mixes the probabilities of other learners, each weighted by how well it has predicted (Hedge, Freund and
 * Schapire 1997, on the log loss). All of them learn from every example.
 */
export class Ensemble implements Learner {
  private readonly members: Learner[];
  private readonly eta: number;
  /** Sums of the members' log losses. */
  private readonly losses: number[];

  constructor(members: Learner[], { eta }: { eta: number }) {
    this.members = members;
    this.eta = eta;
    this.losses = members.map(() => 0);
  }

  predict(input: Input): Prediction {
    const shares = this.shares();
    const predictions = this.members.map((member) => member.predict(input));
    let probability = 0;
    predictions.forEach((prediction, k) => {
      probability += (shares[k] ?? 0) * prediction.probability;
    });
    let variance = 0;
    predictions.forEach((prediction, k) => {
      variance += (shares[k] ?? 0) * (prediction.sd ** 2 + (prediction.probability - probability) ** 2);
    });
    return { probability, sd: Math.sqrt(variance) };
  }

  learn(input: Input, y: number): void {
    this.members.forEach((member, k) => {
      this.losses[k] = (this.losses[k] ?? 0) + logLoss(member.predict(input).probability, y);
      member.learn(input, y);
    });
  }

  contributions(input: Input): number[] {
    const shares = this.shares();
    const sums = input.z.map(() => 0);
    this.members.forEach((member, k) => {
      member.contributions(input).forEach((value, j) => {
        sums[j] = (sums[j] ?? 0) + (shares[k] ?? 0) * value;
      });
    });
    return sums;
  }

  /** ω, from the distances to the least loss: the exponential of a long history's loss is 0. */
  private shares(): number[] {
    const least = Math.min(...this.losses);
    const weights = this.losses.map((loss) => Math.exp(-this.eta * (loss - least)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  }
}

import { Adam, type AdamOptions } from "./adam.ts";
import { dot, type Input, type Learner, type Prediction, sigmoid, startFrom, terms } from "./learner.ts";

/** Logistic regression by AdamW on the log loss. */
export class AdamW implements Learner {
  private readonly w: number[];
  private readonly gradient: number[];
  private readonly adam: Adam;

  /** `prior`: the weights to start from. */
  constructor(size: number, options: AdamOptions, prior?: number[]) {
    this.w = startFrom(prior, size);
    this.gradient = new Array<number>(size).fill(0);
    this.adam = new Adam(size, options);
  }

  predict({ z }: Input): Prediction {
    return { probability: sigmoid(dot(this.w, z)), sd: 0 };
  }

  learn({ z }: Input, y: number): void {
    const g = sigmoid(dot(this.w, z)) - y;
    for (let j = 0; j < z.length; j++) this.gradient[j] = g * (z[j] ?? 0);
    this.adam.step(this.w, this.gradient);
  }

  contributions({ z }: Input): number[] {
    return terms(this.w, z);
  }
}

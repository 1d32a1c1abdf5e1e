import { Mulberry32 } from "../random.ts";
import { Adam, type AdamOptions } from "./adam.ts";
import { type Input, type Learner, type Prediction, sigmoid } from "./learner.ts";

interface MlpOptions extends AdamOptions {
  hidden: number;
  dropout: number;
  seed: number;
}

/**
 * A network with one hidden layer of rectified linear units, trained by AdamW, with inverted dropout
 * (Srivastava et al., JMLR 2014). Weights start uniform within He's bound (2015) over the number of inputs.
 */
export class Mlp implements Learner {
  private readonly size: number;
  private readonly hidden: number;
  private readonly dropout: number;
  private readonly random: Mulberry32;
  /** A row of weights per hidden unit, its bias first; then the weights of the output; then its bias. */
  private readonly parameters: number[];
  private readonly gradient: number[];
  private readonly adam: Adam;
  /** What the hidden units last gave, and what they were multiplied by: 0, 1 or dropout's 1/(1 − rate). */
  private readonly outputs: number[];
  private readonly gates: number[];

  constructor(size: number, options: MlpOptions) {
    const { hidden, dropout, seed } = options;
    this.size = size;
    this.hidden = hidden;
    this.dropout = dropout;
    this.random = new Mulberry32(seed);
    this.parameters = [];
    const bound = Math.sqrt(6 / (size - 1));
    for (let h = 0; h < hidden; h++) {
      this.parameters.push(0);
      for (let j = 1; j < size; j++) this.parameters.push((2 * this.random.next() - 1) * bound);
    }
    const outputBound = Math.sqrt(1 / hidden);
    for (let h = 0; h < hidden; h++) this.parameters.push((2 * this.random.next() - 1) * outputBound);
    this.parameters.push(0);
    this.gradient = new Array<number>(this.parameters.length).fill(0);
    this.adam = new Adam(this.parameters.length, options);
    this.outputs = new Array<number>(hidden).fill(0);
    this.gates = new Array<number>(hidden).fill(0);
  }

  predict({ z }: Input): Prediction {
    return { probability: sigmoid(this.forward(z, false)), sd: 0 };
  }

  learn({ z }: Input, y: number): void {
    const g = sigmoid(this.forward(z, this.dropout > 0)) - y;
    const output = this.hidden * this.size;
    for (let h = 0; h < this.hidden; h++) {
      this.gradient[output + h] = g * (this.outputs[h] ?? 0);
      const back = g * (this.parameters[output + h] ?? 0) * (this.gates[h] ?? 0);
      const row = h * this.size;
      for (let j = 0; j < this.size; j++) this.gradient[row + j] = back * (z[j] ?? 0);
    }
    this.gradient[output + this.hidden] = g;
    this.adam.step(this.parameters, this.gradient);
  }

  /** By the gradient at z; the network is linear around it, so they add up to the logit. */
  contributions({ z }: Input): number[] {
    this.forward(z, false);
    const output = this.hidden * this.size;
    const contributions = z.map((value, j) => {
      let slope = 0;
      for (let h = 0; h < this.hidden; h++) {
        const weight = this.parameters[h * this.size + j] ?? 0;
        slope += (this.parameters[output + h] ?? 0) * (this.gates[h] ?? 0) * weight;
      }
      return slope * value;
    });
    contributions[0] = (contributions[0] ?? 0) + (this.parameters[output + this.hidden] ?? 0);
    return contributions;
  }

  /** The logit; leaves what the hidden units gave for the way back. */
  private forward(z: number[], drop: boolean): number {
    const output = this.hidden * this.size;
    let logit = this.parameters[output + this.hidden] ?? 0;
    for (let h = 0; h < this.hidden; h++) {
      const row = h * this.size;
      let a = 0;
      for (let j = 0; j < this.size; j++) a += (this.parameters[row + j] ?? 0) * (z[j] ?? 0);
      // Every unit draws, active or not, so that the draws do not depend on the weights.
      const kept = drop ? this.keep() : 1;
      const gate = a > 0 ? kept : 0;
      this.gates[h] = gate;
      this.outputs[h] = gate * a;
      logit += (this.parameters[output + h] ?? 0) * gate * a;
    }
    return logit;
  }

  private keep(): number {
    return this.random.next() < this.dropout ? 0 : 1 / (1 - this.dropout);
  }
}

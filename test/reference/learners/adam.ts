export interface AdamOptions {
  rate: number;
  decay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** The step of AdamW: Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019). */
export class Adam {
  private readonly options: AdamOptions;
  /** Running means of the gradients and of their squares. */
  private readonly m: number[];
  private readonly v: number[];
  /** What is left of the start of m and v, which was 0: βᵗ. */
  private rest1 = 1;
  private rest2 = 1;

  /** `size`: how many parameters. */
  constructor(size: number, options: AdamOptions) {
    this.options = options;
    this.m = new Array<number>(size).fill(0);
    this.v = new Array<number>(size).fill(0);
  }

  /** Moves the parameters against their gradient. */
  step(parameters: number[], gradient: number[]): void {
    const { rate, decay, beta1, beta2, epsilon } = this.options;
    this.rest1 *= beta1;
    this.rest2 *= beta2;
    for (let j = 0; j < parameters.length; j++) {
      const g = gradient[j] ?? 0;
      const m = beta1 * (this.m[j] ?? 0) + (1 - beta1) * g;
      const v = beta2 * (this.v[j] ?? 0) + (1 - beta2) * g * g;
      this.m[j] = m;
      this.v[j] = v;
      const decayed = (1 - rate * decay) * (parameters[j] ?? 0);
      const step = m / (1 - this.rest1) / (Math.sqrt(v / (1 - this.rest2)) + epsilon);
      parameters[j] = decayed - rate * step;
    }
  }
}

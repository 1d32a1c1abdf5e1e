import { median } from "./measure.ts";
import { type Example, examples, initialWeights } from "./tfjs-examples.ts";
import { loadTfjs, Network } from "./tfjs-network.ts";

const SHAPE = { d: 3, h: 10 };
const BATCH = 1000;
const ROUNDS = 7;

/**
 * Examples a second that TensorFlow.js learns, one at a time, with the network that `mlp` is by default; undefined where it
 * is not installed. By variables and an optimizer, which is faster here than the layers' `trainOnBatch`. The backends take
 * turns, so that a noisy neighbour meets both.
 */
export async function benchTfjs(): Promise<{ cpu: number; wasm: number } | undefined> {
  const tf = loadTfjs();
  if (tf === undefined) {
    console.log("tfjs: not installed (npm ci --prefix bench)");
    return undefined;
  }
  const stream = examples(SHAPE.d, 2);
  const batch: Example[] = Array.from({ length: BATCH }, () => stream.next().value);
  const backend = async (name: string) => {
    await tf.setBackend(name);
    return { name, network: new Network(tf, SHAPE, initialWeights(SHAPE, 1)), found: [] as number[] };
  };
  const cpu = await backend("cpu");
  const wasm = await backend("wasm");
  // The first rounds are for the compiler.
  const warmUp = 2;
  for (let round = -warmUp; round < ROUNDS; round++) {
    for (const { name, network, found } of [cpu, wasm]) {
      await tf.setBackend(name);
      const start = performance.now();
      for (const { x, y } of batch) network.learn(x, y);
      const rate = (BATCH * 1000) / (performance.now() - start);
      if (round >= 0) found.push(rate);
    }
  }
  return { cpu: median(cpu.found), wasm: median(wasm.found) };
}

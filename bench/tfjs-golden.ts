// Writes golden values of the mlp learner from TensorFlow.js: `npm ci --prefix bench`, `node bench/tfjs-golden.ts`,
// `npm run format`.
import { mkdirSync, writeFileSync } from "node:fs";
import { examples, initialWeights } from "./tfjs-examples.ts";
import { ADAM, loadTfjs, Network } from "./tfjs-network.ts";

const FOLDER = new URL("../test/kernel/golden/", import.meta.url);
const STEPS = 1000;
const CASES = [
  { d: 3, h: 10, seed: 1, examplesSeed: 2 },
  { d: 7, h: 5, seed: 3, examplesSeed: 4 },
];

const tf = loadTfjs();
if (tf === undefined) throw new Error("tfjs is not installed: npm ci --prefix bench");
await tf.setBackend("cpu");
const cases = CASES.map(({ d, h, seed, examplesSeed }) => {
  const initial = initialWeights({ d, h }, seed);
  const network = new Network(tf, { d, h }, initial);
  const stream = examples(d, examplesSeed);
  const first = examples(d, examplesSeed).next().value;
  const predictions: { step: number; probability: number }[] = [];
  let labels = "";
  for (let step = 1; step <= STEPS; step++) {
    const { x, y } = stream.next().value;
    if (step === 1 || step === 10 || step % 50 === 0)
      predictions.push({ step, probability: network.predict(x) });
    network.learn(x, y);
    labels += y;
  }
  predictions.push({ step: STEPS + 1, probability: network.predict(stream.next().value.x) });
  const final = network.weights();
  network.dispose();
  return { d, h, ...ADAM, steps: STEPS, seed, examplesSeed, initial, first, labels, predictions, final };
});
mkdirSync(FOLDER, { recursive: true });
const golden = {
  source: `tfjs ${tf.version_core}, cpu backend, bench/tfjs-golden.ts`,
  about:
    "A d-h-1 network (ReLU, sigmoid) that learns one example at a time by Adam on the cross-entropy of its logit. " +
    "`initial` comes from `seed` as docs/kernel.md says, the examples from `examplesSeed` as bench/tfjs-examples.ts says; " +
    "`first` and `labels` (of all steps) are there to check that. A prediction is made before its step learns. " +
    "All numbers are f32.",
  cases,
};
writeFileSync(new URL("mlp-tfjs.json", FOLDER), `${JSON.stringify(golden)}\n`);

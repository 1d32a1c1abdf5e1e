// `npm run fuzz -- [--bodies N] [--requests N] [--seed S]`
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "../serve/bundle.ts";
import { startEdge } from "../serve/edge.ts";
import { newKeys } from "../src/cli/keys.ts";
import { fuzzDecoders } from "./decoders.ts";
import { fuzzEdge } from "./edge.ts";

const { values } = parseArgs({
  options: {
    bodies: { type: "string", default: "100000" },
    requests: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
  },
});
const [bodies, requests, seed] = [Number(values.bodies), Number(values.requests), Number(values.seed)];
const findings: string[] = [];

/** Bodies at a time: the heap is looked at in between. */
const CHUNK = 10_000;
let accepted = 0;
let slowest = 0;
const heap: number[] = [];
for (let from = 0; from < bodies; from += CHUNK) {
  const run = fuzzDecoders(Math.min(CHUNK, bodies - from), seed + from);
  accepted += run.accepted;
  slowest = Math.max(slowest, run.slowestMs);
  findings.push(...run.findings);
  globalThis.gc?.();
  heap.push(Math.round(process.memoryUsage().heapUsed / 1024 / 1024));
}
console.log(
  `decoders: ${bodies} bodies, ${accepted} events accepted, slowest body ${slowest.toFixed(1)} ms, heap ${heap[0]} MiB after the first ${CHUNK} and ${heap.at(-1)} MiB at the end`,
);
if ((heap.at(-1) ?? 0) > (heap[0] ?? 0) + 10) findings.push("the heap grew");

if (requests > 0) {
  await bundle();
  const directory = mkdtempSync(join(tmpdir(), "limn-fuzz-"));
  const keys = newKeys();
  const edge = await startEdge({ port: 0, directory, env: keys, quiet: true });
  process.once("exit", () => edge.process.kill("SIGKILL"));
  const run = await fuzzEdge(edge, keys, requests, seed);
  await edge.stop();
  rmSync(directory, { recursive: true });
  findings.push(...run.findings);
  const statuses = [...run.statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`);
  console.log(
    `edge: ${requests} requests, slowest ${run.slowestMs.toFixed(0)} ms, memory ${run.before} to ${run.after} MiB; ${statuses.join(", ")}`,
  );
}
for (const finding of findings.slice(0, 20)) console.log(finding);
console.log(`fuzz: seed ${seed}, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;

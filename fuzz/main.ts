// `npm run fuzz -- [--runs N] [--requests N] [--seed S]`
import { parseArgs } from "node:util";
import { fuzzDecoders } from "./decoders.ts";
import { fuzzServedWorker } from "./served.ts";

/** A heap that is collected still differs a little from moment to moment: code that got hot, caches of strings. */
const MOST_GROWTH = 4_000_000;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    requests: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
  },
});
const [runs = 0, requests = 0, seed = 0] = [values.runs, values.requests, values.seed].map(Number);
if (![runs, requests, seed].every((value) => Number.isSafeInteger(value) && value >= 0))
  throw new Error("--runs, --requests and --seed are whole numbers");

try {
  const said: string[] = [];
  if (runs > 0) said.push(tellDecoders());
  if (requests > 0) said.push(await tellWorker());
  console.log(`fuzz, seed ${seed}: ${said.join("; ")}`);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
  console.log(`fuzz, seed ${seed}: failed, see above`);
  process.exitCode = 1;
}

function tellDecoders(): string {
  const run = fuzzDecoders(runs, seed, tick("bodies"));
  const { bodies, refused, items, accepted, slowest, grownBytes = 0 } = run;
  if (grownBytes > MOST_GROWTH) throw new Error(`the heap has grown by ${grownBytes} bytes`);
  return (
    `${bodies} bodies (${refused} refused whole), ${items} items (${accepted} accepted), 0 wrong, ` +
    `slowest ${slowest.ms.toFixed(0)} ms (${slowest.name}), heap ${megabytes(grownBytes)} more at the end`
  );
}

async function tellWorker(): Promise<string> {
  const { wrong, ...run } = await fuzzServedWorker(requests, seed, tick("requests"));
  if (wrong.length > 0) throw new Error([...wrong.slice(0, 10), `${wrong.length} wrong in all`].join("\n\n"));
  const { before, after } = run.residentBytes;
  const statuses = Object.entries(run.statuses).map(([status, count]) => `${count} × ${status}`);
  return (
    `${run.requests} requests (${statuses.join(", ")}), 0 wrong, slowest ${run.slowest.ms.toFixed(0)} ms ` +
    `(${run.slowest.request}), process ${megabytes(before)} at half time, ${megabytes(after)} at the end`
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function tick(what: string) {
  return (done: number) => {
    if (done % 10_000 === 0 && done > 0) console.log(`${done} ${what}`);
  };
}

// `npm run fuzz -- [--runs N] [--requests N] [--seed S]`
import { parseArgs } from "node:util";
import { fuzzDecoders } from "./decoders.ts";

const MOST_GROWTH = 4_000_000;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    requests: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
  },
});
const [runs = 0, requests = 0, seed = 0] = [values.runs, values.requests, values.seed].map(Number);
if (![runs, requests, seed].every((value) => Number.isSafeInteger(value) && value >= 0))
  throw new Error("--runs, --requests and --seed are whole numbers");

try {
  const said: string[] = [];
  if (runs > 0) said.push(tellDecoders());
  console.log(`fuzz, seed ${seed}: ${said.join("; ")}`);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
  console.log(`fuzz, seed ${seed}: failed, see above`);
  process.exitCode = 1;
}

/** A heap that is collected still differs a little from moment to moment: code that got hot, caches of strings. */
function tellDecoders(): string {
  const {
    bodies,
    refused,
    items,
    accepted,
    slowest,
    grownBytes = 0,
  } = fuzzDecoders(runs, seed, tick("bodies"));
  if (grownBytes > MOST_GROWTH) throw new Error(`the heap has grown by ${grownBytes} bytes`);
  return (
    `${bodies} bodies (${refused} refused whole), ${items} items (${accepted} accepted), 0 wrong, ` +
    `slowest ${slowest.ms.toFixed(0)} ms (${slowest.name}), heap ${(grownBytes / 1e6).toFixed(1)} MB more at the end`
  );
}

function tick(what: string) {
  return (done: number) => {
    if (done % 10_000 === 0 && done > 0) console.log(`${done} ${what}`);
  };
}

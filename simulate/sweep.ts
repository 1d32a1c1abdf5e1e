import { Summary } from "./findings.ts";
import { simulateMerges } from "./merge-run.ts";
import { type SimulationResult, simulate } from "./simulation.ts";

/** Findings shown of a seed; the rest are seldom news. */
const SHOWN = 5;
/** Failing seeds after which a sweep ends: they are enough to work on. */
const MOST_FAILING = 20;

/** Runs seeds one after the other and prints the failing ones and the closing line; whether all went well. */
export function sweep(from: number, seeds: number): boolean {
  const summary = new Summary();
  let failing = 0;
  for (let seed = from; seed < from + seeds && failing < MOST_FAILING; seed++) {
    const result = simulate(seed);
    summary.add(result.acknowledged, result.findings);
    if (result.findings.count === 0) continue;
    failing++;
    report(result);
    console.log(`  again: npm run simulate -- --seed ${seed}`);
  }
  console.log(summary.line("simulate", "seeds"));
  return summary.ok;
}

/** The same of merges, whose seeds are quick and many; with `seed`, of that one, telling every step. */
export async function sweepMerges(from: number, seeds: number, seed?: number): Promise<boolean> {
  let failing = 0;
  const print = seed === undefined ? {} : { print: (line: string) => console.log(line.slice(0, 300)) };
  const [first, count] = seed === undefined ? [from, seeds] : [seed, 1];
  for (let one = first; one < first + count && failing < MOST_FAILING; one++) {
    const findings = await simulateMerges(one, print);
    if (findings.length === 0) continue;
    failing++;
    console.log(`seed ${one}: ${findings.length} findings`);
    for (const text of findings.slice(0, SHOWN)) console.log(`  ${text}`);
    console.log(`  again: npm run simulate -- --merges --seed ${one}`);
  }
  console.log(`simulate merges: ${count} seeds, ${failing} with findings`);
  return failing === 0;
}

/** Runs one seed and tells every step; whether all went well. */
export function replaySeed(seed: number): boolean {
  const result = simulate(seed, { print: (line) => console.log(line.slice(0, 300)) });
  report(result);
  console.log(`trace ${result.hash}`);
  const summary = new Summary();
  summary.add(result.acknowledged, result.findings);
  console.log(summary.line("simulate", "seeds"));
  return summary.ok;
}

function report({ seed, findings }: SimulationResult): void {
  if (findings.count === 0) return;
  console.log(`seed ${seed}: ${findings.count} findings`);
  for (const text of [...findings].slice(0, SHOWN)) console.log(`  ${text.slice(0, 1000)}`);
}

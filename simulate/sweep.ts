import { Summary } from "./findings.ts";
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

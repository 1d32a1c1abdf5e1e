import { bundle } from "../serve/bundle.ts";
import { crash } from "./crash.ts";
import { Summary } from "./findings.ts";

const SHOWN = 5;

/** Runs one crash run after the other, tells of each and prints the closing line; whether all went well. */
export async function crashAgain(from: number, runs: number): Promise<boolean> {
  await bundle();
  const summary = new Summary();
  for (let seed = from; seed < from + runs; seed++) {
    const { acknowledged, kills, retried, findings, seconds } = await crash(seed);
    summary.add(acknowledged, findings);
    const wrong = findings.count === 0 ? "" : `, ${findings.count} findings`;
    console.log(
      `seed ${seed}: ${acknowledged} events acknowledged, ${kills} kills, ${retried} events sent again, ${seconds.toFixed(1)} s${wrong}`,
    );
    for (const text of [...findings].slice(0, SHOWN)) console.log(`  ${text.slice(0, 1000)}`);
  }
  console.log(summary.line("crash", "runs"));
  return summary.ok;
}

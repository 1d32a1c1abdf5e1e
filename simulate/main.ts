// `npm run simulate -- --seeds N [--from S]`, `npm run simulate -- --seed S`, `npm run crash -- --runs N [--seed S]`
import { Command, InvalidArgumentError } from "commander";
import { crashAgain } from "./crashes.ts";
import { replaySeed, sweep, sweepMerges } from "./sweep.ts";

const program = new Command("simulate").description(
  "Looks for a run in which a profile is not what it must be.",
);

program
  .command("simulate")
  .description("Clients, network and storage in one process, all of it decided by a seed.")
  .option("--seeds <n>", "how many seeds to run", whole, 1000)
  .option("--from <seed>", "the first of them", whole, 0)
  .option("--seed <seed>", "run this one and tell every step", whole)
  .option("--merges", "profiles that are merged and unmerged while they are written to")
  .action(async ({ seeds, from, seed, merges }: SimulateOptions) => {
    if (merges) process.exitCode = (await sweepMerges(from, seeds, seed)) ? 0 : 1;
    else process.exitCode = (seed === undefined ? sweep(from, seeds) : replaySeed(seed)) ? 0 : 1;
  });

program
  .command("crash")
  .description("A served edge that is killed while clients send.")
  .option("--runs <n>", "how often", whole, 50)
  .option("--seed <seed>", "of the first run; each has the next one", whole, 0)
  .action(async ({ runs, seed }: { runs: number; seed: number }) => {
    // So that the edge ends with this process.
    process.once("SIGINT", () => process.exit(130));
    process.once("SIGTERM", () => process.exit(143));
    process.exitCode = (await crashAgain(seed, runs)) ? 0 : 1;
  });

await program.parseAsync();

interface SimulateOptions {
  seeds: number;
  from: number;
  seed?: number;
  merges?: boolean;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("A whole number is expected.");
  return value;
}

import { type Command, InvalidArgumentError } from "commander";
import { loadMapping } from "../data/mapping.ts";
import { type Progress, silent } from "../data/progress.ts";
import { runCommand } from "../data/user-error.ts";
import { loadKernel } from "../kernel/node.ts";
import type { Candidate, Choice } from "../learning/candidates.ts";
import { extractExamples } from "../learning/examples.ts";
import { trainGlobal } from "../learning/global.ts";
import { readHistory } from "../learning/history.ts";
import { spread } from "../learning/metrics.ts";
import { findSubject, requireBothLabels } from "../learning/preconditions.ts";
import { writePrior } from "../learning/prior-file.ts";
import { TUNE_STEPS, type Tuned, tune } from "../learning/tune.ts";
import { count, heading, minute, table, tint } from "./draw.ts";
import { showProgress } from "./progress.ts";

interface TrainFlags {
  map: string;
  definition?: string;
  model?: string;
  out?: string;
  folds: number;
  json?: true;
}

/** Adds `limn train`. */
export function addTrain(program: Command): void {
  program
    .command("train")
    .description(
      "train the model of all users, on which each user's own effect sits, and write it as a prior",
    )
    .argument("<file>", "the data file (.csv, .ndjson, .jsonl; also .gz)")
    .requiredOption("--map <file>", "how its rows become events, such as mappings/completejourney.json")
    .option("--definition <name>", "default: the mapping's")
    .option("--model <name>", "default: the definition's first")
    .option("--out <file>", "where the prior goes; default: priors/<definition>.json")
    .option("--folds <n>", "blocks of time that candidates are measured on", folds, 4)
    .option("--json", "print the summary as JSON")
    .action((file: string, flags: TrainFlags) =>
      runCommand(() => train(file, flags, flags.json ? silent : showProgress())),
    );
}

function folds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 2 && value <= 20) return value;
  throw new InvalidArgumentError("a whole number from 2 to 20 is expected.");
}

async function train(file: string, flags: TrainFlags, progress: Progress): Promise<void> {
  const mapping = loadMapping(flags.map);
  const subject = findSubject(loadKernel(), flags.definition ?? mapping.definition, flags.model);
  const history = await readHistory(file, mapping, progress);
  progress.start(history.events);
  const examples = extractExamples(subject, history, (events) => progress.advance(events, events));
  progress.stop();
  requireBothLabels(subject, examples);

  progress.start(TUNE_STEPS);
  const onStep = (steps = 1) => progress.advance(steps, steps * examples.count);
  const tuned = tune(subject, history, examples, { folds: flags.folds, onStep });
  const { byTime, time } = tuned.examples;
  const prior = {
    ...trainGlobal(tuned.subject, tuned.global.chosen.setting, tuned.examples, byTime),
    ...tuned.user?.chosen.setting,
  };
  progress.stop();

  const { definition, model } = tuned.subject;
  const out = flags.out ?? `priors/${definition.name}.json`;
  const through = time[byTime.at(-1) ?? 0] ?? 0;
  const written = writePrior(out, tuned.subject, prior, through);
  if (flags.json) {
    console.log(
      JSON.stringify({
        file: out,
        definition: written.definition,
        fingerprint: written.fingerprint,
        version: written.version,
        model,
        users: history.users.size,
        examples: examples.count,
        skipped: history.skipped,
        folds: flags.folds,
        baseRate: tuned.baseRate,
        globalOnly: tuned.globalOnly,
        global: choiceJson(tuned.global),
        halfLives: tuned.halfLives && choiceJson(tuned.halfLives),
        user: tuned.user && choiceJson(tuned.user),
        interests: newHalfLives(tuned),
      }),
    );
    return;
  }
  const lines = [
    heading(
      `${definition.name}: ${model}`,
      `${count(examples.count)} examples of ${count(history.users.size)} users · ${flags.folds} blocks`,
    ),
    ...drawTuned(tuned, flags.folds),
    "",
    `  Trained on all until ${minute(through)} and written to ${tint("bold", out)}, version ${written.version}.`,
    ...drawHalfLives(tuned),
  ];
  console.log(`\n${lines.join("\n")}`);
}

/** The log losses of all candidates, and of what they are to be compared with. */
function drawTuned({ baseRate, globalOnly, global, halfLives, user }: Tuned, blocks: number): string[] {
  const header = ["", "log loss ± sd", ...Array.from({ length: blocks }, (_, k) => `block ${k + 2}`)];
  const row = (name: string, losses: number[]) => [
    name,
    `${spread(losses).mean.toFixed(4)} ± ${spread(losses).sd.toFixed(4)}`,
    ...losses.map((loss) => loss.toFixed(4)),
  ];
  const candidates = <Setting>(choice: Choice<Setting>) =>
    choice.candidates.map(({ name, losses }) =>
      row(`${name === choice.chosen.name ? tint("green", "▸") : " "} ${name}`, losses),
    );
  const section = (title: string, note: string, rows: string[][]) => [
    "",
    heading(title, note),
    ...table([header, ...rows], `l${"r".repeat(blocks + 1)}`).map((line) => `  ${line}`),
  ];
  return [
    ...section("All users", "the model that is frozen, alone", [
      row("  base rate", baseRate),
      ...candidates(global),
    ]),
    ...(user === undefined
      ? []
      : section("Each user", "the effect over that model", [
          row("  without one", globalOnly),
          ...candidates(user),
        ])),
    ...(halfLives === undefined
      ? []
      : section("Half-lives", "with each user's effect", candidates(halfLives))),
  ];
}

/** The half-lives to put into the definition; undefined when it has them already. */
function newHalfLives({ subject, halfLives }: Tuned): Record<string, string> | undefined {
  if (halfLives === undefined || halfLives.chosen.setting === 1) return undefined;
  return Object.fromEntries(
    Object.entries(subject.definition.interests).map(([name, { halfLife }]) => [name, halfLife]),
  );
}

function drawHalfLives(tuned: Tuned): string[] {
  const found = newHalfLives(tuned);
  if (found === undefined) return [];
  return [
    "",
    tint("yellow", "  It belongs to other half-lives than the definition has. Put these there first:"),
    ...Object.entries(found).map(([name, halfLife]) => `    ${name}: halfLife: "${halfLife}"`),
  ];
}

function choiceJson<Setting>({ candidates, chosen }: Choice<Setting>) {
  return candidates.map((candidate: Candidate<Setting>) => ({
    ...candidate,
    ...spread(candidate.losses),
    chosen: candidate === chosen,
  }));
}

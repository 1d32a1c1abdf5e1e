import type { Command } from "commander";
import { loadMapping } from "../data/mapping.ts";
import { type Progress, silent } from "../data/progress.ts";
import { runCommand, UserError } from "../data/user-error.ts";
import { loadKernel } from "../kernel/node.ts";
import type { Dataset } from "../learning/dataset.ts";
import { extractExamples } from "../learning/examples.ts";
import { readSvmlight, readTable } from "../learning/files.ts";
import { readHistory } from "../learning/history.ts";
import { ALL_LEARNERS, parseLearner, parseLearners, RIVER } from "../learning/learners.ts";
import type { Metrics } from "../learning/metrics.ts";
import { findSubject, requireBothLabels } from "../learning/preconditions.ts";
import { readPrior } from "../learning/prior-file.ts";
import { progressive, progressiveBaseRate } from "../learning/progressive.ts";
import { evaluateHistory, protocolSteps } from "../learning/protocol.ts";
import { DEFAULT_GLOBAL } from "../learning/tune.ts";
import { count, heading, minute, percent, table, tint } from "./draw.ts";
import { showProgress } from "./progress.ts";

interface EvaluateFlags {
  csv?: string;
  svmlight?: string;
  label?: string;
  categorical?: string[];
  drop?: string[];
  log?: string[];
  learner?: string;
  river?: true;
  map?: string;
  definition?: string;
  model?: string;
  prior?: string;
  global: string;
  json?: true;
}

/** Adds `limn evaluate`. */
export function addEvaluate(program: Command): void {
  program
    .command("evaluate")
    .description(
      "measure learners: on a classification file row by row (--csv, --svmlight), or on users' events (--map)",
    )
    .argument("[file]", "a data file of events, with --map")
    .option(
      "--csv <file>",
      "a table with a header (also .gz, .zip); texts become an indicator (0 or 1) per value",
    )
    .option("--svmlight <file>", "rows of `label index:value …` (also .gz, .zip)")
    .option("--label <column>", "of --csv: the column to predict (true/false, yes/no, 1/0, 1/-1)")
    .option(
      "--categorical <columns>",
      "of --csv: columns whose numbers are names, and become indicators too",
      names,
    )
    .option("--drop <columns>", "of --csv: columns to leave out", names)
    .option("--log <columns>", "of --csv: columns whose numbers are taken in logarithms", names)
    .option("--learner <list>", "such as sgd,ftrl(alpha=.5),ensemble(bayes,mlp); default for files: all")
    .option("--river", `River's settings: ${RIVER}`)
    .option("--map <file>", "how rows become events, such as mappings/completejourney.json")
    .option("--definition <name>", "default: the mapping's")
    .option("--model <name>", "default: the definition's first")
    .option(
      "--prior <file>",
      "a model of all users made by `limn train`; default: one is trained on the first 40 %",
    )
    .option("--global <learner>", "what trains that model", DEFAULT_GLOBAL)
    .option("--json", "print the results as JSON")
    .action((file: string | undefined, flags: EvaluateFlags) =>
      runCommand(async () => {
        const progress = flags.json ? silent : showProgress();
        const data = readDataset(flags);
        if (data !== undefined) evaluateFile(data, flags, progress);
        else await evaluateEvents(file, flags, progress);
      }),
    );
}

function names(list: string): string[] {
  return list.split(",").map((name) => name.trim());
}

function readDataset({ csv, svmlight, label, categorical, drop, log }: EvaluateFlags): Dataset | undefined {
  if (svmlight !== undefined) return readSvmlight(svmlight);
  if (csv === undefined) return undefined;
  if (label === undefined) throw new UserError("the column to predict is not named", "Name it with --label.");
  return readTable(csv, {
    label,
    ...(categorical !== undefined && { categorical }),
    ...(drop !== undefined && { drop }),
    ...(log !== undefined && { log }),
  });
}

function evaluateFile(data: Dataset, { learner, river, json }: EvaluateFlags, progress: Progress): void {
  const learners = parseLearners([learner ?? (river ? "" : ALL_LEARNERS), river ? RIVER : ""].join(","));
  const module = loadKernel();
  progress.start(data.y.length * learners.length);
  const results = learners.map(({ name, learner: settings }) => ({
    learner: name,
    ...progressive(module, data, settings, (rows) => progress.advance(rows, rows)),
  }));
  progress.stop();
  const baseRate = progressiveBaseRate(data.y);
  if (json) {
    console.log(JSON.stringify({ results, baseRate, columns: data.columns }));
    return;
  }
  const { examples, positives } = baseRate;
  print(
    heading(
      "Progressive validation",
      `${count(examples)} rows of ${count(data.columns.length)} columns · ${percent(positives / examples)} positive`,
    ),
    table(
      [
        ["learner", ...METRICS, "rows/s"],
        ["base rate", ...cells(baseRate), ""],
        ...results.map((row) => [row.learner, ...cells(row), count(Math.round(row.examplesPerSecond))]),
      ],
      "lrrrrrr",
    ),
  );
}

async function evaluateEvents(
  file: string | undefined,
  flags: EvaluateFlags,
  progress: Progress,
): Promise<void> {
  if (file === undefined || flags.map === undefined) {
    throw new UserError("there is nothing to evaluate", "Give --csv, --svmlight, or a data file with --map.");
  }
  const mapping = loadMapping(flags.map);
  const module = loadKernel();
  const subject = findSubject(module, flags.definition ?? mapping.definition, flags.model);
  const prior = flags.prior === undefined ? undefined : readPrior(flags.prior, subject);
  const learners = parseLearners([flags.learner ?? "", flags.river ? RIVER : ""].join(","));
  const global = parseLearner(flags.global);

  const history = await readHistory(file, mapping, progress);
  progress.start(history.events);
  const examples = extractExamples(subject, history, (events) => progress.advance(events, events));
  progress.stop();
  requireBothLabels(subject, examples);
  progress.start(protocolSteps(examples, learners.length));
  const result = evaluateHistory(subject, examples, {
    global: global.learner,
    learners,
    onExamples: (learned) => progress.advance(learned, learned),
    ...(prior !== undefined && { prior }),
  });
  progress.stop();

  const { rows, trained, trainedUntil, measuredFrom } = result;
  if (flags.json) {
    console.log(
      JSON.stringify({
        results: rows,
        definition: subject.definition.name,
        model: subject.model,
        users: history.users.size,
        events: history.events,
        skipped: history.skipped,
        examples: examples.count,
        global: prior === undefined ? global.name : flags.prior,
        trained,
        trainedUntil: new Date(trainedUntil).toISOString(),
        measuredFrom: new Date(measuredFrom).toISOString(),
      }),
    );
    return;
  }
  print(
    heading(
      `${subject.definition.name}: ${subject.model}`,
      `${count(examples.count)} examples of ${count(history.users.size)} users`,
    ),
    [
      ...table([["", ...METRICS], ...rows.map((row) => [row.name, ...cells(row)])], "lrrrrr"),
      "",
      prior === undefined
        ? `The model of all users learned the ${count(trained)} examples before ${minute(trainedUntil)} by ${global.name}.`
        : tint("yellow", `If ${flags.prior} was trained on this file, it has seen what it is measured on.`),
      `Measured are the ${count(rows[0]?.examples ?? 0)} examples from ${minute(measuredFrom)} on.`,
    ],
  );
}

const METRICS = ["log loss", "AUC", "accuracy", "F1", "ECE"];

function cells({ logLoss, auc, accuracy, f1, ece }: Metrics): string[] {
  return [logLoss, auc, accuracy, f1, ece].map((value) => (value === null ? "–" : value.toFixed(4)));
}

function print(title: string, lines: string[]): void {
  console.log(`\n${[title, ...lines.map((line) => `  ${line}`.trimEnd())].join("\n")}`);
}

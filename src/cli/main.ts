import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { loadMapping } from "../data/mapping.ts";
import { silent } from "../data/progress.ts";
import { runCommand } from "../data/user-error.ts";
import { Client } from "./client.ts";
import { addEvaluate } from "./evaluate.ts";
import { addKeys, addTokens } from "./issue.ts";
import { findKey } from "./keys.ts";
import { showProgress } from "./progress.ts";
import { replay, succeeded } from "./replay.ts";
import { readProfile, show } from "./show.ts";
import { drawSummary, summaryJson } from "./summary.ts";
import { addTrain } from "./train.ts";

const LOCAL = "http://127.0.0.1:8787";

interface ReplayFlags {
  map: string;
  url: string;
  writeKey?: string;
  limit?: number;
  concurrency: number;
  batch: number;
  json?: true;
}

interface ShowFlags {
  url: string;
  secretKey?: string;
  at?: string;
  json?: true;
}

const program = new Command("limn")
  .description("A live profile of each user at the edge.")
  .version(version())
  .showHelpAfterError();

program
  .command("replay")
  .description(
    "stream a data file (.csv, .ndjson, .jsonl; also .gz) into the edge; running it again is harmless",
  )
  .argument("<file>", "the data file")
  .requiredOption("--map <file>", "how its rows become events, such as mappings/online_retail.json")
  .option("--url <url>", "the edge", LOCAL)
  .option("--write-key <key>", "default: LIMN_WRITE_KEY, or WRITE_KEY in .dev.vars")
  .option("--limit <rows>", "read only the first rows", whole(1, Number.MAX_SAFE_INTEGER))
  .option("--concurrency <n>", "requests in flight", whole(1, 64), 4)
  .option("--batch <n>", "events in a request, at most", whole(1, 2500), 1000)
  .option("--json", "print the summary as JSON")
  .action((file: string, flags: ReplayFlags) =>
    runCommand(async () => {
      const mapping = loadMapping(flags.map);
      const client = new Client({ url: flags.url, writeKey: findKey("write", flags.writeKey) });
      const { concurrency, batch, limit } = flags;
      const progress = flags.json ? silent : showProgress();
      const result = await replay({
        file,
        mapping,
        client,
        concurrency,
        batch,
        progress,
        ...(limit !== undefined && { limit }),
      });
      console.log(flags.json ? summaryJson(result) : `\n${drawSummary(result)}`);
      if (!succeeded(result)) process.exitCode = 1;
    }),
  );

program
  .command("show")
  .description("draw the profile of a user")
  .argument("<user>", "the user's id")
  .option("--url <url>", "the edge", LOCAL)
  .option("--secret-key <key>", "default: LIMN_SECRET_KEY, or SECRET_KEY in .dev.vars")
  .option("--at <time>", "as it was at an ISO 8601 time, or `last`: at the user's last event")
  .option("--json", "print the profile as JSON")
  .action((user: string, flags: ShowFlags) =>
    runCommand(async () => {
      const client = new Client({
        url: flags.url,
        secretKey: findKey("secret", flags.secretKey),
        attempts: 4,
      });
      await client.hello();
      const text = flags.json
        ? JSON.stringify(await readProfile(client, user, flags.at), null, 2)
        : await show(client, user, flags.at);
      console.log(text);
    }),
  );

addTrain(program);
addEvaluate(program);
addKeys(program, LOCAL);
addTokens(program);

await program.parseAsync();

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is expected.`);
  };
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}

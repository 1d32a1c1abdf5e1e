import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { bundle } from "../../serve/bundle.ts";
import { type Edge, interrupted, startEdge } from "../../serve/edge.ts";
import { runCommand, UserError } from "../data/user-error.ts";
import { Client } from "./client.ts";
import { type Cast, playShop, replayFile } from "./demo-cast.ts";
import { heading, tint } from "./draw.ts";
import { ensureKeys } from "./keys.ts";
import { drawRanking } from "./ranking.ts";
import { show } from "./show.ts";

const ROOT = join(import.meta.dirname, "../..");

interface DemoFlags {
  once?: true;
  seed: string;
  port: string;
  data?: string;
  map?: string;
}

const program = new Command("demo")
  .description("A local edge, a week of a web shop, two profiles and a ranking.")
  .option("--once", "end when all is drawn, instead of leaving the edge up")
  .option("--seed <n>", "another week", "7")
  .option("--port <n>", "where the edge answers, if that is free", "8787")
  .option("--data <file>", "real data instead of the simulated shop; needs --map")
  .option("--map <file>", "how its rows become events")
  .action((flags: DemoFlags) => runCommand(() => demo(flags)));

await program.parseAsync();

async function demo(flags: DemoFlags): Promise<void> {
  if (!existsSync(join(ROOT, "build/kernel.wasm")))
    throw new UserError("build/kernel.wasm is missing", "Run npm run build.");
  if ((flags.data === undefined) !== (flags.map === undefined)) {
    throw new UserError(
      "--data and --map go together",
      "Give both, such as --map mappings/online_retail.json.",
    );
  }
  const { keys } = ensureKeys(ROOT);
  await bundle();
  const directory = mkdtempSync(join(tmpdir(), "limn-demo-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  let edge: Edge | undefined;
  const start = async (definition: string) => {
    const port = await freePort(Number(flags.port));
    edge = await startEdge({ port, directory, definition, env: keys });
    console.log(`${heading("Limn")} answers at ${edge.url} (${definition})\n`);
    return new Client({
      url: edge.url,
      writeKey: keys.WRITE_KEY ?? "",
      secretKey: keys.SECRET_KEY ?? "",
    });
  };
  // Listening from the beginning, so that Ctrl-C in the middle cleans up as well.
  const stopped = interrupted();
  try {
    const isDone = await Promise.race([play(flags, start, keys).then(() => true), stopped.then(() => false)]);
    if (isDone && !flags.once && edge !== undefined) {
      console.log(tint("dim", `\nThe edge stays up at ${edge.url}; Ctrl-C ends it.`));
      await stopped;
    }
  } finally {
    await edge?.stop();
  }
  // What was still under way when Ctrl-C came would go on trying.
  process.exit();
}

async function play(
  { data, map, seed }: DemoFlags,
  start: (definition: string) => Promise<Client>,
  keys: Record<string, string>,
): Promise<void> {
  const cast: Cast =
    data !== undefined && map !== undefined
      ? await replayFile(data, map, start)
      : await playShop(Number(seed), start);
  for (const { user, note } of cast.users) {
    console.log(`\n${tint("dim", "─".repeat(72))}\n`);
    if (note !== "") console.log(`${tint("yellow", note)}\n`);
    console.log(await show(cast.client, user, cast.at));
  }
  const user = cast.users[0]?.user ?? "";
  console.log(`\n${tint("dim", "─".repeat(72))}\n`);
  const ranking = await cast.client.rank(user, cast.candidates);
  if (ranking !== undefined) console.log(drawRanking(user, ranking, cast.candidates));
  console.log(`\n${drawNext(cast, user, keys)}`);
}

/** What to try next, to be pasted. */
function drawNext(
  { client, candidates, event, before }: Cast,
  user: string,
  keys: Record<string, string>,
): string {
  const profile = `${client.url}/v1/profiles/${encodeURIComponent(user)}`;
  const secret = `-H 'Authorization: Bearer ${keys.SECRET_KEY}'`;
  const json = (body: object) =>
    `-H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
  const one = { id: "try-1", userId: user, event, properties: candidates[0]?.properties ?? {} };
  return [
    heading("Try next"),
    tint("dim", "# one more event; sent twice, the second is a duplicate"),
    `curl ${client.url}/v1/events -H 'Authorization: Bearer ${keys.WRITE_KEY}' ${json(one)}`,
    tint("dim", "# the profile, now and as it was"),
    `curl ${profile} ${secret}`,
    `curl '${profile}?at=${before}' ${secret}`,
    tint("dim", "# which of two this user rather takes, and why"),
    `curl ${profile}/rank ${secret} ${json({ candidates: candidates.slice(0, 2), explain: true })}`,
  ].join("\n");
}

/** The port, if it is free; else any, with a word about it. */
async function freePort(port: number): Promise<number> {
  const isFree = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
  if (isFree) return port;
  console.log(tint("yellow", `Port ${port} is taken: using another.`));
  return 0;
}

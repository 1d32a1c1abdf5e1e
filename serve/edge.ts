import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

export interface EdgeOptions {
  /** 0 for any free one. */
  port: number;
  /** Where the objects' databases are kept; made if missing. */
  directory: string;
  /** The name of a definition of `definitions/index.ts`; the edge's default without it. */
  definition?: string;
  /** The edge's variables, its secrets among them. Nothing of this process's environment is passed on. */
  env: Record<string, string>;
  /** Keeps what workerd prints to itself, and shows it only when the edge does not start. */
  quiet?: boolean;
  /** Prints errors that nobody catches, which Cloudflare logs and plain workerd does not. */
  verbose?: boolean;
}

/** A running edge. */
export interface Edge {
  url: string;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  process: ChildProcess;
}

const START_MS = 20_000;
const STOP_MS = 5_000;

/**
 * Starts the bundled Worker (`bundle.ts`) in workerd and waits until it answers.
 * @throws Error with what workerd printed, when it does not start
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { port, definition, env, quiet = false, verbose = false } = options;
  mkdirSync(options.directory, { recursive: true });
  const workerd = createRequire(import.meta.url).resolve("workerd/bin/workerd");
  const config = join(import.meta.dirname, "config.capnp");
  const places = [
    `--socket-addr=http=127.0.0.1:${port}`,
    `--directory-path=disk=${options.directory}`,
    `--directory-path=assets=${join(import.meta.dirname, "../build/assets")}`,
    "--control-fd=3",
    ...(verbose ? ["--verbose"] : []),
  ];
  const child = spawn(workerd, ["serve", config, ...places], {
    env: { ...env, ...(definition !== undefined && { DEFINITION: definition }) },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  // A process that ends must not leave its edge behind.
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  ended.then(() => process.off("exit", killNow));

  const printed = collect(child, quiet);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const timer = setTimeout(killNow, STOP_MS);
    await ended;
    clearTimeout(timer);
  };
  try {
    const listening = await Promise.race([
      listenPort(child),
      ended,
      sleep(START_MS, undefined, { ref: false }),
    ]);
    if (listening === undefined) throw new Error("it does not listen");
    const url = `http://127.0.0.1:${listening}`;
    await answers(url, child);
    return { url, stop: () => end("SIGTERM"), kill: () => end("SIGKILL"), process: child };
  } catch (error) {
    await end("SIGKILL");
    throw new Error(`workerd did not start: ${error instanceof Error ? error.message : error}${printed()}`);
  }
}

/** The port that workerd reports on its control descriptor. */
async function listenPort(child: ChildProcess): Promise<number | undefined> {
  const control = child.stdio[3];
  if (control === null || control === undefined || !("read" in control)) return undefined;
  let text = "";
  for await (const piece of control) {
    text += piece;
    const port = /"event":"listen".*?"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  return undefined;
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(25)) {
    if (child.exitCode !== null) throw new Error(`it ended with status ${child.exitCode}`);
    const response = await fetch(`${url}/healthz`).catch(() => undefined);
    if (response === undefined) continue;
    const text = await response.text();
    if (response.ok) return;
    throw new Error(`/healthz answers ${response.status}: ${text}`);
  }
  throw new Error("/healthz does not answer");
}

/** Passes on what the child prints, or keeps the end of it when it is to be quiet. */
function collect(child: ChildProcess, quiet: boolean): () => string {
  let text = "";
  const take = (stream: Readable | null, to: NodeJS.WriteStream) =>
    stream?.on("data", (piece: Buffer) => {
      text = (text + piece).slice(-4000);
      if (!quiet) to.write(piece);
    });
  take(child.stdout, process.stdout);
  take(child.stderr, process.stderr);
  return () => (quiet ? `\n${text.trim()}` : "");
}

/** Resolves with the signal when the user asks this process to end. */
export async function interrupted(): Promise<string> {
  const abort = new AbortController();
  const signal = await Promise.race(
    ["SIGINT", "SIGTERM"].map((name) => once(process, name, { signal: abort.signal }).then(() => name)),
  );
  abort.abort();
  return signal;
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundle } from "../serve/bundle.ts";

const ROOT = join(import.meta.dirname, "..");

/** A Worker in a workerd process of its own. */
export interface Server {
  port: number;
  /** Seconds of processor time that the process has used. */
  cpuSeconds(): number;
  /** Bytes that it has sent to the disk. */
  diskBytes(): number;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Ends it, starts it again on the same storage, and waits until it listens. */
  restart(): Promise<void>;
}

export interface ServerOptions {
  /** The Worker's source and configuration, from the root of the repository. */
  entry: string;
  config: string;
  /** Where the bundle, a copy of the configuration and the storage (`disk/`) are put. */
  directory: string;
  env: Record<string, string>;
  inspector?: number;
}

/**
 * Bundles and minifies a Worker as it is deployed, and serves it by plain workerd. The bundle lies in `directory`: the
 * one in `build/` may be written by others while this runs.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { directory } = options;
  for (const folder of ["build", "serve", "disk"]) mkdirSync(join(directory, folder), { recursive: true });
  copyFileSync(join(ROOT, options.config), join(directory, "serve/config.capnp"));
  copyFileSync(join(ROOT, "build/kernel.wasm"), join(directory, "build/kernel.wasm"));
  await bundle({ entry: options.entry, directory, minify: options.inspector === undefined });
  let running = await run(options);
  const server: Server = {
    port: running.port,
    cpuSeconds: () => cpuSeconds(running.process),
    diskBytes: () => diskBytes(running.process),
    stop: () => end(running.process),
    restart: async () => {
      await end(running.process);
      running = await run(options);
      server.port = running.port;
    },
  };
  return server;
}

interface Running {
  process: ChildProcess;
  port: number;
}

async function run({ config, directory, env, inspector }: ServerOptions): Promise<Running> {
  const workerd = createRequire(import.meta.url).resolve("workerd/bin/workerd");
  const places = [
    "--socket-addr=http=127.0.0.1:0",
    `--directory-path=disk=${directory}/disk`,
    "--control-fd=3",
  ];
  if (config === "serve/config.capnp") places.push(`--directory-path=assets=${join(ROOT, "build/assets")}`);
  if (inspector !== undefined) places.push(`--inspector-addr=127.0.0.1:${inspector}`);
  const child = spawn(workerd, ["serve", join(directory, "serve/config.capnp"), ...places], {
    env,
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  // A bench that ends must not leave its servers behind.
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  child.once("exit", () => process.off("exit", killNow));
  const control = child.stdio[3];
  if (control === null || control === undefined || !("read" in control))
    throw new Error("workerd has no pipe");
  let text = "";
  for await (const piece of control) {
    text += piece;
    for (const [, port] of text.matchAll(/"event":"listen","socket":"http","port":(\d+)/g))
      return { process: child, port: Number(port) };
  }
  throw new Error("workerd ended before it listened");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await Promise.race([ended, sleep(5000, undefined, { ref: false }).then(() => child.kill("SIGKILL"))]);
  await ended;
}

/** proc(5): fields 14 and 15 of `stat` are the ticks in user and kernel mode, 100 a second. */
function cpuSeconds({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function diskBytes({ pid }: ChildProcess): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KEYS, type Load } from "./http-load.ts";
import { Loader } from "./http-loader.ts";
import { startServer } from "./http-server.ts";
import type { Result } from "./measure.ts";

const INSPECTOR = 9777;
const MS = 5000;
const USERS = Array.from({ length: 200 }, (_, i) => `user-${i}`);

/** What a V8 CPU profile has of a function, as far as it is used. */
interface Node {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
}

interface Profile {
  nodes: Node[];
  samples: number[];
  timeDeltas: number[];
}

/** Where the time of a request goes, by V8's sampling profiler: µs a request by room of the house, largest first. */
export async function profileHttp(): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), "limn-profile-"));
  const server = await startServer({
    entry: "src/worker.ts",
    config: "serve/config.capnp",
    directory,
    env: KEYS,
    inspector: INSPECTOR,
  });
  const loader = new Loader();
  try {
    const inspector = await connect();
    const rooms = roomsOf(readFileSync(join(directory, "build/worker.js"), "utf8"));
    const kinds: Record<string, Load["request"]> = {
      "POST of one event": { kind: "event", users: USERS },
      "GET of a profile": { kind: "profile", users: USERS },
      "batch of 1,000 events": { kind: "batch", users: USERS.slice(0, 60), size: 1000, usersPerBatch: 10 },
    };
    const results: Result[] = [];
    for (const [name, request] of Object.entries(kinds)) {
      await loader.round(server, { request, ms: MS });
      await inspector.call("Profiler.start");
      const { requests } = await loader.round(server, { request, ms: MS });
      const { profile } = await inspector.call<{ profile: Profile }>("Profiler.stop");
      for (const [room, micros] of byRoom(profile, rooms)) {
        results.push({ name: `${name}: ${room}`, value: micros / requests, unit: "µs" });
      }
    }
    inspector.close();
    return results;
  } finally {
    loader.end();
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

/** The DevTools protocol of the served Worker. */
async function connect() {
  const targets: { webSocketDebuggerUrl: string }[] = await (
    await fetch(`http://127.0.0.1:${INSPECTOR}/json`)
  ).json();
  const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? "");
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  let last = 0;
  const call = <T>(method: string, params: object = {}): Promise<T> => {
    const id = ++last;
    return new Promise((resolve) => {
      const listen = ({ data }: MessageEvent) => {
        const message: { id?: number; result: T } = JSON.parse(String(data));
        if (message.id !== id) return;
        socket.removeEventListener("message", listen);
        resolve(message.result);
      };
      socket.addEventListener("message", listen);
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: 200 });
  return { call, close: () => socket.close() };
}

/** Which room each line of the bundle is from: esbuild writes the path before each module. */
function roomsOf(bundle: string): string[] {
  let room = "bundle";
  return bundle.split("\n").map((line) => {
    const path = /^\/\/ (src|node_modules|definitions|priors)\/([\w@.-]+)/.exec(line);
    if (path !== null) room = path[1] === "src" ? `src/${path[2]}` : `${path[2]}`;
    return room;
  });
}

/** Native functions by what they are for; all others are the runtime: HTTP, RPC, the commit. */
const NATIVE: Record<string, string> = {
  exec: "SQLite",
  toArray: "SQLite",
  one: "SQLite",
  transactionSync: "SQLite",
  zlibSync: "compression",
  Response: "response",
  "(garbage collector)": "garbage collector",
};

function byRoom({ nodes, samples, timeDeltas }: Profile, rooms: readonly string[]): [string, number][] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, roomOf(callFrame, rooms)]));
  const micros = new Map<string, number>();
  samples.forEach((id, i) => {
    const room = names.get(id) ?? "runtime";
    micros.set(room, (micros.get(room) ?? 0) + (timeDeltas[i] ?? 0));
  });
  micros.delete("idle");
  return [...micros].sort((a, b) => b[1] - a[1]);
}

function roomOf({ functionName, url, lineNumber }: Node["callFrame"], rooms: readonly string[]): string {
  if (functionName === "(idle)") return "idle";
  if (functionName.startsWith("wasm-") || url.startsWith("wasm:")) return "kernel.wasm";
  if (url.endsWith("worker.js")) return rooms[lineNumber] ?? "bundle";
  return NATIVE[functionName] ?? "runtime (HTTP, RPC, commit)";
}

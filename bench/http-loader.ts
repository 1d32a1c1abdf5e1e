import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Load, Loaded } from "./http-load.ts";
import type { Server } from "./http-server.ts";

export const ROUND_MS = 1000;
const CONNECTIONS = 16;

/** A round: what the load saw, and what the server spent on it. */
export interface Round extends Loaded {
  perSecond: number;
  /** Processor time of the server a request, µs. */
  cpuMicros: number;
  /** Bytes sent to the disk a request. */
  diskBytes: number;
}

/** The process that brings the load. */
export class Loader {
  readonly #process: ChildProcess = fork(join(import.meta.dirname, "http-load.ts"));

  async round(server: Server, load: Partial<Load> & Pick<Load, "request">): Promise<Round> {
    const cpu = server.cpuSeconds();
    const disk = server.diskBytes();
    const loaded = await this.#load({ port: server.port, connections: CONNECTIONS, ms: ROUND_MS, ...load });
    return {
      ...loaded,
      perSecond: loaded.requests / loaded.seconds,
      cpuMicros: ((server.cpuSeconds() - cpu) * 1e6) / loaded.requests,
      diskBytes: (server.diskBytes() - disk) / loaded.requests,
    };
  }

  #load(load: Load): Promise<Loaded> {
    return new Promise((resolve, reject) => {
      this.#process.once("message", (message: { loaded: Loaded } | { error: string }) => {
        if ("loaded" in message) resolve(message.loaded);
        else reject(new Error(message.error));
      });
      this.#process.send(load);
    });
  }

  end(): void {
    this.#process.kill();
  }
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { definitions } from "../definitions/index.ts";
import { type Edge, startEdge } from "../serve/edge.ts";
import { Client } from "../src/cli/client.ts";
import { newKeys } from "../src/cli/keys.ts";
import { Random } from "../src/cli/random.ts";
import { parseDefinition } from "../src/definition/schema.ts";
import { compile } from "../src/kernel/compile.ts";
import { Kernel } from "../src/kernel/instance.ts";
import { loadKernel } from "../src/kernel/node.ts";
import type { Engine } from "../src/profile/engine.ts";
import { Device, type Draft } from "./behaviour.ts";
import { compareWithEdge, type EdgeReader } from "./compare.ts";
import { Findings } from "./findings.ts";

export interface CrashResult {
  seed: number;
  acknowledged: number;
  kills: number;
  /** Events that had to be sent more than once. */
  retried: number;
  findings: Findings;
  seconds: number;
}

export interface CrashOptions {
  /** Breaks something on purpose: at the first kill the disk forgets everything. */
  forgets?: boolean;
}

const KEYS = newKeys();
const CLIENTS = 8;
const EVENTS = 2400;
const USERS = 30;
/** Sendings of a batch after which a client gives up: the edge does not come back. */
const MOST_SENDINGS = 100;
const MOST_STARTS = 5;

/**
 * Serves an edge, loads it from several clients, kills it again and again with SIGKILL while they send, starts it on
 * the same directory, and compares every profile with the oracle once all is acknowledged. What is sent and about
 * when is killed comes from the seed; how the machine interleaves it does not. Needs the bundled Worker.
 */
export async function crash(seed: number, options: CrashOptions = {}): Promise<CrashResult> {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), "limn-crash-"));
  const run = new Run(seed, directory, options);
  try {
    await run.run();
  } finally {
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  const { acknowledged, kills, retried, findings } = run;
  return { seed, acknowledged, kills, retried, findings, seconds: (performance.now() - started) / 1000 };
}

class Run {
  readonly findings = new Findings();
  kills = 0;
  retried = 0;
  readonly #random: Random;
  readonly #directory: string;
  readonly #forgets: boolean;
  readonly #drafts: Draft[] = [];
  readonly #requests: Draft[][][];
  /** By user and id, how often the edge said that it applied it; once it has said anything. */
  readonly #applied = new Map<string, number>();
  #definition = "ecommerce";
  #edge: Edge | undefined;
  #port = 0;
  #isOver = false;

  constructor(seed: number, directory: string, { forgets = false }: CrashOptions) {
    this.#random = new Random(seed);
    this.#forgets = forgets;
    this.#directory = directory;
    this.#requests = this.#plan();
  }

  get acknowledged(): number {
    return this.#applied.size;
  }

  async run(): Promise<void> {
    const edge = await this.#start();
    this.#port = Number(new URL(edge.url).port);
    const loading = Promise.all(this.#requests.map((requests) => this.#load(edge.url, requests)));
    await Promise.all([loading, this.#killInTheMiddle()]);
    await this.#verify(edge.url);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#edge?.stop();
  }

  /** What each client sends: single events and batches over many users, some of them by two clients at once. */
  #plan(): Draft[][][] {
    const random = this.#random;
    const requests: Draft[][][] = [];
    for (let c = 0; c < CLIENTS; c++) {
      const device = new Device(random, `c${c}`, random.whole(-7_200_000, 7_200_000));
      const own: Draft[][] = [];
      for (let left = EVENTS / CLIENTS; left > 0; ) {
        const size = Math.min(left, random.chance(0.4) ? 1 : random.whole(2, 40));
        left -= size;
        // Some users do much more than others: their pages are sealed.
        const batch = Array.from({ length: size }, () =>
          device.next(`user ${Math.floor(USERS * random.next() ** 2)}`),
        );
        this.#drafts.push(...batch);
        own.push(batch);
        if (random.chance(0.1)) own.push(batch);
        if (random.chance(0.1)) requests[random.whole(0, c - 1)]?.splice(own.length, 0, batch);
        if (random.chance(0.1)) own.push([...batch, ...batch]);
      }
      requests.push(own);
    }
    return requests;
  }

  /** Sends one client's requests, each again and again until all of it is decided. */
  async #load(url: string, requests: readonly Draft[][]): Promise<void> {
    const client = new Client({ url, writeKey: KEYS.WRITE_KEY, attempts: 4, backoffMs: 10 });
    for (const request of requests) {
      let pending = request;
      for (let sending = 0; pending.length > 0; sending++) {
        if (sending === MOST_SENDINGS) throw new Error(`${pending.length} events were never decided`);
        pending = await this.#send(client, pending);
      }
    }
  }

  /** Sends events; returns those that are not decided. */
  async #send(client: Client, drafts: readonly Draft[]): Promise<Draft[]> {
    const { outcomes, retried } = await client.send(drafts.map(toJson));
    this.retried += retried;
    return drafts.filter((draft, i) => {
      const outcome = outcomes[i];
      const key = `${draft.user} ${draft.id}`;
      if (outcome === undefined || outcome.status === "unconfirmed") return true;
      if (outcome.status !== "applied" && outcome.status !== "duplicate")
        throw new Error(`${key} was ${outcome.status}: ${outcome.code} ${outcome.detail}`);
      const times = (this.#applied.get(key) ?? 0) + Number(outcome.status === "applied");
      this.#applied.set(key, times);
      if (times > 1) this.findings.double.push(`${key} was said to be applied ${times} times`);
      return false;
    });
  }

  /** Kills the edge at some points of the load, and starts it again, at times with another definition. */
  async #killInTheMiddle(): Promise<void> {
    const random = this.#random;
    const points = Array.from({ length: random.whole(3, 4) }, () => random.between(0.05, 0.9) * EVENTS);
    for (const point of points.sort((a, b) => a - b)) {
      while (this.acknowledged < point && !this.#isOver) await sleep(1);
      await sleep(random.whole(0, 20));
      if (this.#isOver) return;
      await this.#edge?.kill();
      this.kills++;
      if (this.#forgets && this.kills === 1) rmSync(this.#directory, { recursive: true });
      if (random.chance(0.3)) this.#definition = random.pick(["ecommerce", "completejourney"]);
      await this.#start();
    }
  }

  async #start(): Promise<Edge> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#edge = await startEdge({
          port: this.#port,
          directory: this.#directory,
          definition: this.#definition,
          env: KEYS,
          quiet: true,
        });
        return this.#edge;
      } catch (error) {
        // Somebody else may have taken the port for a moment, as an outgoing connection's.
        if (attempt === MOST_STARTS) throw error;
        await sleep(100);
      }
    }
  }

  async #verify(url: string): Promise<void> {
    const kernel = new Kernel(loadKernel());
    const engine: Engine = {
      kernel,
      compiled: compile(parseDefinition(definitions[this.#definition]), kernel),
    };
    const reader: EdgeReader = { url, secretKey: KEYS.SECRET_KEY };
    const byUser = Map.groupBy(this.#drafts, ({ user }) => user);
    for (const [user, drafts] of byUser) await compareWithEdge(reader, engine, user, drafts, this.findings);
  }
}

/** An event as the edge takes it. */
function toJson({ id, user, name, time, properties, traits }: Draft): string {
  return JSON.stringify({ id, userId: user, event: name, timestamp: time, properties, traits });
}

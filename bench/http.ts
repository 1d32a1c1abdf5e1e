import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Load } from "./http-load.ts";
import { KEYS } from "./http-load.ts";
import { Loader, ROUND_MS, type Round } from "./http-loader.ts";
import { type Server, startServer } from "./http-server.ts";
import { median, type Result } from "./measure.ts";

const ROUNDS = 7;
/** Before them, for V8 to have compiled what it will: a Worker at the edge lives for hours. */
const WARM_UP_MS = 6000;
const USERS = names("user", 200);
/** About what Limn's head row has with half a tail. */
const LARGE_ROW_BYTES = 24_000;

/** Who is measured: a server, and how its requests are called. */
interface Subject {
  name: string;
  server: Server;
  write: "event" | "bare-write";
  read: "profile" | "bare-read";
}

/** Limn over HTTP against a bare Hono Worker with a bare object, each in a workerd of its own. */
export async function benchHttp(): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), "limn-bench-"));
  const loader = new Loader();
  const servers: Server[] = [];
  try {
    const bare = async (bytes: number) => {
      const [entry, config] = ["bench/bare/worker.ts", "bench/bare/config.capnp"];
      const env = { ROW_BYTES: String(bytes) };
      const server = await startServer({ entry, config, directory: join(directory, `bare-${bytes}`), env });
      servers.push(server);
      return server;
    };
    const limn = await startServer({
      entry: "src/worker.ts",
      config: "serve/config.capnp",
      directory: join(directory, "limn"),
      env: KEYS,
    });
    servers.push(limn);
    const subjects: Subject[] = [
      { name: "Limn", server: limn, write: "event", read: "profile" },
      { name: "bare, row of 200 bytes", server: await bare(200), write: "bare-write", read: "bare-read" },
      {
        name: "bare, row as large",
        server: await bare(LARGE_ROW_BYTES),
        write: "bare-write",
        read: "bare-read",
      },
    ];
    const disk = join(directory, "limn/disk/limn-profile");
    const results = [
      ...(await benchWrites(loader, subjects)),
      ...(await benchReads(loader, subjects.slice(0, 2))),
      ...(await benchBatches(loader, limn)),
      ...(await benchHistory(loader, limn)),
      ...(await benchStorage(loader, limn, disk)),
    ];
    const [load = 0] = loadavg();
    return [...results, { name: "load average of the machine at the end", value: load, unit: "" }];
  } finally {
    loader.end();
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(directory, { recursive: true });
  }
}

/** One event a request, each user's in order; changed data on each write on both sides. */
async function benchWrites(loader: Loader, subjects: Subject[]): Promise<Result[]> {
  const rounds = await takeTurns(subjects, ({ server, write }, ms) =>
    loader.round(server, { ms, request: { kind: write, users: USERS } }),
  );
  const limn = rounds[0]?.perSecond ?? Number.NaN;
  return subjects.flatMap(({ name }, i) => {
    const round = rounds[i];
    if (round === undefined) return [];
    const what = `POST of one event, ${name}`;
    return [
      ...describe(what, round),
      { name: `${what}: to disk`, value: round.diskBytes / 1024, unit: "KiB a request" },
      ...(i === 0
        ? []
        : [{ name: `POST of one event, Limn / ${name}`, value: limn / round.perSecond, unit: "x" }]),
    ];
  });
}

/** A whole profile a request; the bare objects answer the same bytes from a row. */
async function benchReads(loader: Loader, subjects: Subject[]): Promise<Result[]> {
  const [limn, bare] = subjects;
  if (limn === undefined || bare === undefined) throw new Error("two subjects were expected");
  for (const user of USERS) {
    const body = await profile(limn.server, user);
    const response = await fetch(`http://127.0.0.1:${bare.server.port}/read/${user}`, {
      method: "PUT",
      body,
    });
    if (!response.ok) throw new Error(`the bare object answered ${response.status}`);
  }
  const rounds = await takeTurns(subjects, ({ server, read }, ms) =>
    loader.round(server, { ms, request: { kind: read, users: USERS } }),
  );
  const [then] = await takeTurns([limn], ({ server }, ms) =>
    loader.round(server, { ms, request: { kind: "profile-then", users: USERS } }),
  );
  const [ours, theirs] = rounds;
  if (ours === undefined || theirs === undefined || then === undefined)
    throw new Error("three rounds were expected");
  return [
    ...describe("GET of a profile, Limn", ours),
    { name: "GET of a profile: size", value: ours.receivedBytes, unit: "bytes" },
    ...describe("GET of a profile, bare", theirs),
    { name: "GET of a profile, Limn / bare", value: ours.perSecond / theirs.perSecond, unit: "x" },
    {
      name: "GET of a profile as of another time each, Limn / bare",
      value: then.perSecond / theirs.perSecond,
      unit: "x",
    },
  ];
}

async function benchBatches(loader: Loader, server: Server): Promise<Result[]> {
  const [round] = await takeTurns([server], (_, ms) =>
    loader.round(server, {
      connections: 4,
      ms: 2 * ms,
      request: { kind: "batch", users: names("batch", 60), size: 1000, usersPerBatch: 10 },
    }),
  );
  if (round === undefined) throw new Error("a round was expected");
  return [
    { name: "batches of 1,000 events of 10 users", value: round.perSecond * 1000, unit: "events/s" },
    { name: "batches of 1,000 events of 10 users: p50", value: round.p50, unit: "ms" },
    { name: "batches of 1,000 events of 10 users: p99", value: round.p99, unit: "ms" },
  ];
}

/** What a long history costs: to take it in, to add an event to it, and to wake with it. */
async function benchHistory(loader: Loader, server: Server): Promise<Result[]> {
  const heavy = { name: "100,000 events", users: ["heavy"] };
  const filled = await loader.round(server, {
    connections: 1,
    ms: 600_000,
    requests: 40,
    request: { kind: "batch", users: heavy.users, size: 2500, usersPerBatch: 1 },
  });
  let turn = 0;
  const light = { name: "no history", users: [""] };
  const subjects = [light, heavy];
  const rounds = await takeTurns(subjects, (subject, ms) => {
    if (subject === light) light.users = [`light-${turn++}`];
    const request: Load["request"] = { kind: "event", users: subject.users };
    return loader.round(server, { connections: 1, ms: ms / 2, request });
  });
  const wakes: Record<string, number[]> = { GET: [], POST: [] };
  for (let i = 0; i < ROUNDS; i++) {
    for (const [method, found] of Object.entries(wakes)) {
      await server.restart();
      // The isolate's own start is not the object's: another user goes first.
      const first = (users: string[]) =>
        loader.round(server, {
          connections: 1,
          ms: 60_000,
          requests: 1,
          request: method === "GET" ? { kind: "profile", users } : { kind: "event", users },
        });
      await first(["light-0"]);
      found.push((await first(heavy.users)).p50);
    }
  }
  return [
    {
      name: "batches of 2,500 events of one user, to 100,000",
      value: filled.perSecond * 2500,
      unit: "events/s",
    },
    ...subjects.flatMap(({ name }, i) => {
      const round = rounds[i];
      return round === undefined ? [] : describe(`POST of one event, one after the other, ${name}`, round);
    }),
    ...Object.entries(wakes).map(([method, found]) => ({
      name: `first ${method} after a restart, 100,000 events`,
      value: median(found),
      unit: "ms",
    })),
  ];
}

/** What is on disk: SQLite's pages in use after a checkpoint, without what is free for reuse. */
async function benchStorage(loader: Loader, server: Server, disk: string): Promise<Result[]> {
  const databaseOf = async (send: () => Promise<Round>): Promise<string> => {
    const before = new Set(readdirSync(disk));
    await send();
    const added = readdirSync(disk).filter((file) => file.endsWith(".sqlite") && !before.has(file));
    if (added[0] === undefined || added.length > 1)
      throw new Error(`${added.length} databases came, not one`);
    return added[0];
  };
  const many = { connections: 1, ms: 600_000 };
  const single = await databaseOf(() =>
    loader.round(server, { ...many, requests: 1000, request: { kind: "event", users: ["one-by-one"] } }),
  );
  const batch = await databaseOf(() =>
    loader.round(server, {
      ...many,
      requests: 1,
      request: { kind: "batch", users: ["at-once"], size: 1000, usersPerBatch: 1 },
    }),
  );
  await server.stop();
  return [
    {
      name: "stored of 1,000 events, sent one by one",
      value: bytesOf(join(disk, single)) / 1000,
      unit: "kB",
    },
    { name: "stored of 1,000 events, sent at once", value: bytesOf(join(disk, batch)) / 1000, unit: "kB" },
  ];
}

function bytesOf(database: string): number {
  // A copy, because opening one that was not closed writes.
  for (const suffix of ["", "-wal"]) {
    if (existsSync(database + suffix)) copyFileSync(database + suffix, `${database}.copy${suffix}`);
  }
  const db = new DatabaseSync(`${database}.copy`);
  try {
    const read = (sql: string) => Number(Object.values(db.prepare(sql).get() ?? {})[0]);
    const used = read("PRAGMA page_count") - read("PRAGMA freelist_count");
    return used * read("PRAGMA page_size");
  } finally {
    db.close();
  }
}

/** The medians over rounds in which the subjects take turns, after one that does not count. */
async function takeTurns<S>(
  subjects: readonly S[],
  measure: (subject: S, ms: number) => Promise<Round>,
): Promise<Round[]> {
  const found = subjects.map((): Round[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, subject] of subjects.entries()) {
      const one = await measure(subject, round === 0 ? WARM_UP_MS : ROUND_MS);
      if (round > 0) found[i]?.push(one);
    }
  }
  return found.map((rounds) => {
    const of = (name: keyof Round) => median(rounds.map((round) => round[name]));
    return {
      requests: of("requests"),
      seconds: of("seconds"),
      p50: of("p50"),
      p99: of("p99"),
      cpuSeconds: of("cpuSeconds"),
      sentBytes: of("sentBytes"),
      receivedBytes: of("receivedBytes"),
      perSecond: of("perSecond"),
      cpuMicros: of("cpuMicros"),
      diskBytes: of("diskBytes"),
    };
  });
}

function describe(what: string, { perSecond, p50, p99, cpuMicros, cpuSeconds, seconds }: Round): Result[] {
  // A client that has no time left measures itself.
  if (cpuSeconds > 0.5 * seconds)
    console.warn(`${what}: the load took ${(cpuSeconds / seconds).toFixed(2)} cores`);
  return [
    { name: what, value: perSecond, unit: "requests/s" },
    { name: `${what}: p50`, value: p50, unit: "ms" },
    { name: `${what}: p99`, value: p99, unit: "ms" },
    { name: `${what}: processor`, value: cpuMicros, unit: "µs a request" },
  ];
}

async function profile({ port }: Server, user: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/profiles/${user}`, {
    headers: { Authorization: `Bearer ${KEYS.SECRET_KEY}` },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the profile of ${user} was answered with ${response.status}: ${text}`);
  return text;
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
}

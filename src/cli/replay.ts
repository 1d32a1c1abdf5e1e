import { type MappedEvent, Mapper } from "../data/mapper.ts";
import type { Mapping } from "../data/mapping.ts";
import { type Progress, silent } from "../data/progress.ts";
import { fileSize, readRows } from "../data/rows.ts";
import { BATCH_BOUNDS, cutBatches } from "./batches.ts";
import type { Client, Outcome } from "./client.ts";

export interface ReplayOptions {
  file: string;
  mapping: Mapping;
  client: Client;
  /** How many rows are read; all without it. */
  limit?: number;
  /** Requests in flight. */
  concurrency?: number;
  /** Events in a request, at most. */
  batch?: number;
  progress?: Progress;
}

/** What became of a file. */
export interface ReplayResult {
  rows: number;
  /** Events made of the rows and the traits. */
  events: number;
  /** Rows that are no events, by reason. */
  skipped: Record<string, number>;
  /** Events by what became of them. */
  outcomes: Partial<Record<Outcome["status"], number>>;
  /** Of those not applied: how many with each code, and what the edge said of one of them. */
  codes: { status: Outcome["status"]; code: string; count: number; detail: string; example: string }[];
  /** Events that had to be sent more than once. */
  retried: number;
  /** False when the edge stopped answering and the rest was not sent. */
  complete: boolean;
  seconds: number;
  /** How many events each user has, and the time of the first (ms). */
  users: Map<string, { events: number; first: number }>;
}

/**
 * Rows whose events are grouped by user before they are sent. A commit of a profile costs as much for one event as
 * for fifty: fewer, larger groups are faster, and this many take some 150 MB.
 */
const CHUNK_ROWS = 200_000;

/**
 * Streams a data file into the edge. A later chunk is read while the one before is sent, and chunks do not mix: a
 * user's events reach the edge in the order of the file to within a chunk.
 *
 * Running it again is safe, also after it was cut short: every event has the same id each time.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { file, client } = options;
  const startedAt = performance.now();
  const mapper = new Mapper(options.mapping);
  const result: ReplayResult = {
    rows: 0,
    events: 0,
    skipped: {},
    outcomes: {},
    codes: [],
    retried: 0,
    complete: true,
    seconds: 0,
    users: new Map(),
  };
  const progress = options.progress ?? silent;
  progress.start(options.limit ?? fileSize(file));
  try {
    await client.hello();
    await mapper.open(file);
    await pump(readChunks(options, mapper, result), (chunk) => sendChunk(chunk, options, result, progress));
    const firstTimes = new Map(Array.from(result.users, ([user, { first }]) => [user, first]));
    const traits: Chunk = { groups: new Map(), events: 0, amount: 0 };
    for await (const event of mapper.identify(file, firstTimes)) addTo(traits, event);
    result.events += traits.events;
    await sendChunk(traits, options, result, progress);
  } finally {
    progress.stop();
  }
  result.codes.sort((a, b) => b.count - a.count);
  result.seconds = (performance.now() - startedAt) / 1000;
  return result;
}

/** Whether all events of the file are where they belong: applied, known before, or not to be processed. */
export function succeeded({ outcomes, complete }: ReplayResult): boolean {
  return complete && !outcomes.rejected && !outcomes.late && !outcomes.unconfirmed;
}

interface Chunk {
  groups: Map<string, string[]>;
  events: number;
  /** How much of the file it is: in bytes, or in rows when those are limited. */
  amount: number;
}

function addTo(chunk: Chunk, event: MappedEvent): void {
  const group = chunk.groups.get(event.user);
  if (group === undefined) chunk.groups.set(event.user, [event.json]);
  else group.push(event.json);
  chunk.events += 1;
}

async function* readChunks(
  options: ReplayOptions,
  mapper: Mapper,
  result: ReplayResult,
): AsyncGenerator<Chunk> {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const { users, skipped } = result;
  let chunk: Chunk = { groups: new Map(), events: 0, amount: 0 };
  let chunkStart = 0;
  let chunkRows = 0;
  for await (const { rows, bytes } of readRows(options.file, mapper.columns)) {
    for (const row of rows) {
      if (result.rows === limit) break;
      result.rows += 1;
      const event = mapper.map(row);
      if ("skipped" in event) {
        skipped[event.skipped] = (skipped[event.skipped] ?? 0) + 1;
        continue;
      }
      result.events += 1;
      addTo(chunk, event);
      const user = users.get(event.user);
      if (user === undefined) users.set(event.user, { events: 1, first: event.time });
      else {
        user.events += 1;
        user.first = Math.min(user.first, event.time);
      }
    }
    chunkRows += rows.length;
    const read = options.limit === undefined ? bytes : result.rows;
    chunk.amount = read - chunkStart;
    if (result.rows === limit) break;
    if (chunkRows < CHUNK_ROWS) continue;
    yield chunk;
    chunk = { groups: new Map(), events: 0, amount: 0 };
    chunkStart = read;
    chunkRows = 0;
  }
  yield chunk;
}

/** Calls `use` for one item after the other, and gets the next one meanwhile. */
async function pump<Item>(items: AsyncIterable<Item>, use: (item: Item) => Promise<boolean>): Promise<void> {
  let using: Promise<boolean> = Promise.resolve(true);
  for await (const item of items) {
    if (!(await using)) return;
    using = use(item);
    // Thrown where it is awaited; until then it must not count as unhandled.
    using.catch(() => {});
  }
  await using;
}

/** Sends a chunk's events; false when the edge stopped answering. */
async function sendChunk(
  chunk: Chunk,
  options: ReplayOptions,
  result: ReplayResult,
  progress: Progress,
): Promise<boolean> {
  const { client, concurrency = 4, batch: events = BATCH_BOUNDS.events } = options;
  // One iterator shared by all: each takes the next batch when it is done with one.
  const queue = cutBatches(chunk.groups.values(), { ...BATCH_BOUNDS, events }).values();
  const sendSome = async () => {
    for (const batch of queue) {
      if (!result.complete) return;
      const { outcomes, retried, answered } = await client.send(batch);
      result.retried += retried;
      for (const [i, outcome] of outcomes.entries()) count(result, outcome, batch[i] ?? "");
      progress.advance((chunk.amount * batch.length) / chunk.events, batch.length);
      // A profile that cannot answer costs its own events; an edge that does not answer would cost all that follow.
      if (!answered) result.complete = false;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sendSome));
  return result.complete;
}

function count(result: ReplayResult, { status, code, detail }: Outcome, event: string): void {
  result.outcomes[status] = (result.outcomes[status] ?? 0) + 1;
  if (status === "applied" || status === "duplicate") return;
  const known = result.codes.find((entry) => entry.status === status && entry.code === (code ?? ""));
  if (known === undefined)
    result.codes.push({
      status,
      code: code ?? "",
      count: 1,
      detail: detail ?? "",
      example: event.slice(0, 300),
    });
  else known.count += 1;
}

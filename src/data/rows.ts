import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CsvError, parse } from "csv-parse";
import { UserError } from "./user-error.ts";

/** A row of a data file. */
export interface Row {
  /** All that the row says, as one text: rows are identical when these are. */
  raw: string;
  /** The values of the columns asked for, in that order; empty where the row has none. */
  values: string[];
}

/** Some consecutive rows. */
export interface Rows {
  rows: Row[];
  /** How much of the file (its bytes on disk) has been read up to here. */
  bytes: number;
}

const ROWS_PER_YIELD = 500;
const SEPARATOR = "\u001f";

/** The size of a data file in bytes. */
export function fileSize(file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile())
    throw new UserError(
      `there is no file ${file}`,
      "Name a .csv, .ndjson or .jsonl file; each may be gzipped (.gz).",
    );
  return stats.size;
}

/**
 * Reads the `columns` of a CSV file (with a header) or of an NDJSON file (members, also nested ones by dotted
 * names), gzipped or not, as a stream: memory does not grow with the file.
 *
 * @throws UserError when the file is missing, broken or of another kind, or a CSV file lacks a column
 */
export async function* readRows(file: string, columns: readonly string[]): AsyncGenerator<Rows> {
  const kind = /\.(csv|ndjson|jsonl)(\.gz)?$/.exec(file);
  if (kind === null)
    throw new UserError(
      `${file} is of no known kind`,
      "Name a .csv, .ndjson or .jsonl file; each may be gzipped (.gz).",
    );
  fileSize(file);
  const disk = createReadStream(file, { highWaterMark: 1 << 16 });
  const text = kind[2] === undefined ? disk : pipe(disk, createGunzip({ chunkSize: 1 << 16 }));
  const rows = kind[1] === "csv" ? csvRows(file, text, columns) : jsonRows(file, text, columns);
  let some: Row[] = [];
  try {
    for await (const row of rows) {
      some.push(row);
      if (some.length < ROWS_PER_YIELD) continue;
      yield { rows: some, bytes: disk.bytesRead };
      some = [];
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `${file} cannot be read: ${detail}`,
      error instanceof CsvError ? "Mend the file at that line." : "Check the file.",
    );
  } finally {
    disk.destroy();
  }
  yield { rows: some, bytes: disk.bytesRead };
}

/** `pipe` that hands an error on as well. */
function pipe<To extends NodeJS.ReadWriteStream & Readable>(from: Readable, to: To): To {
  from.on("error", (error) => to.destroy(error));
  return from.pipe(to);
}

async function* csvRows(file: string, text: Readable, columns: readonly string[]): AsyncGenerator<Row> {
  let indexes: number[] | undefined;
  const records: AsyncIterable<string[]> = pipe(text, parse({ bom: true }));
  for await (const record of records) {
    if (indexes === undefined) {
      indexes = columns.map((column) => columnIndex(file, record, column));
      continue;
    }
    yield { raw: record.join(SEPARATOR), values: indexes.map((index) => record[index] ?? "") };
  }
}

function columnIndex(file: string, header: string[], column: string): number {
  const index = header.indexOf(column);
  if (index < 0)
    throw new UserError(
      `${file} has no column "${column}"`,
      `Change the mapping; the columns are: ${header.join(", ")}.`,
    );
  return index;
}

async function* jsonRows(file: string, text: Readable, columns: readonly string[]): AsyncGenerator<Row> {
  const paths = columns.map((column) => column.split("."));
  let line = 0;
  const lines = createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
  // The interface does not hear of its input's errors.
  const failed = new Promise<never>((_, reject) => text.once("error", reject));
  failed.catch(() => lines.close());
  for await (const raw of lines) {
    line += 1;
    if (raw.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(raw);
    } catch {
      throw new UserError(`${file}:${line} is not JSON`, "Mend that line: each holds one JSON object.");
    }
    yield { raw, values: paths.map((path) => textAt(value, path)) };
  }
  if (text.errored) await failed;
}

function textAt(value: unknown, path: string[]): string {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null) return "";
    at = Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined;
  }
  if (at === undefined || at === null) return "";
  return typeof at === "object" ? JSON.stringify(at) : String(at);
}

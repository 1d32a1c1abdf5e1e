import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll } from "vitest";
import { type Row, readRows } from "../../src/data/rows.ts";

const folder = mkdtempSync(join(tmpdir(), "limn-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file into the test file's own temporary folder, gzipped when its name says so. */
export function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, name.endsWith(".gz") ? gzipSync(text) : text);
  return file;
}

/** All rows of a file. */
export async function allRows(file: string, columns: readonly string[]): Promise<Row[]> {
  const all: Row[] = [];
  for await (const { rows } of readRows(file, columns)) all.push(...rows);
  return all;
}

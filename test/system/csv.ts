import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/**
 * Reads a gzipped CSV file into rows by column: written apart from the product's reader, to check it against.
 */
export function readCsv(file: string): Record<string, string>[] {
  const text = gunzipSync(readFileSync(file)).toString("utf8");
  const rows: string[][] = [];
  let row: string[] = [];
  // A field in quotes (a quote within is doubled) or plain, and what ends it.
  const field = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy;
  while (field.lastIndex < text.length) {
    const [, quoted, plain, end] = field.exec(text) ?? [];
    row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end !== ",") {
      rows.push(row);
      row = [];
    }
  }
  const [columns = [], ...data] = rows;
  return data.map((values) => Object.fromEntries(columns.map((column, i) => [column, values[i] ?? ""])));
}

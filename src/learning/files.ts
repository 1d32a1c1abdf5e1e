import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { UserError } from "../data/user-error.ts";
import { type Dataset, encodeSvmlight, encodeTable, type TableOptions } from "./dataset.ts";
import { unzipOnly } from "./zip.ts";

/** Reads a CSV file with a header; it may be gzipped, or alone in a ZIP archive. @throws UserError */
export function readTable(file: string, options: TableOptions): Dataset {
  const text = readText(file);
  const [header, ...records] = orUserError(file, () => parse(text, { bom: true }));
  if (header === undefined) throw new UserError(`${file} is empty`, "Name a CSV file with a header.");
  return encodeTable(header, records, options);
}

/** Reads a file in svmlight format; it may be gzipped, or alone in a ZIP archive. @throws UserError */
export function readSvmlight(file: string): Dataset {
  return encodeSvmlight(readText(file));
}

function readText(file: string): string {
  return orUserError(file, () => {
    const bytes = readFileSync(file);
    const unpacked = file.endsWith(".gz")
      ? gunzipSync(bytes)
      : file.endsWith(".zip")
        ? unzipOnly(bytes)
        : bytes;
    return new TextDecoder().decode(unpacked);
  });
}

function orUserError<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UserError(
      `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
      "Check the file.",
    );
  }
}

import { UserError } from "../data/user-error.ts";

/** A plain classification file as numbers, its rows in their order. */
export interface Dataset {
  /** What each column of `x` is: a column of the file, or `column=value` for an indicator. */
  columns: string[];
  /** Row after row; NaN where a value is missing. */
  x: Float32Array;
  /** 0 or 1 for each row. */
  y: Uint8Array;
}

export interface TableOptions {
  /** The column that holds the labels. */
  label: string;
  /** Columns whose numbers are names. Columns with any value that is not a number are so by themselves. */
  categorical?: readonly string[];
  /** Columns to leave out. */
  drop?: readonly string[];
  /** Columns whose numbers x are taken as sgn(x)·ln(1+|x|), as `scale: log` does in a definition. */
  log?: readonly string[];
}

/** A model takes no more features than this. */
export const MOST_COLUMNS = 127;

const MISSING = new Set(["", "NA", "N/A", "NaN", "nan", "null", "?"]);
const LABELS = new Map([
  ...["1", "1.0", "+1", "true", "yes"].map((text): [string, 0 | 1] => [text, 1]),
  ...["0", "0.0", "-1", "false", "no"].map((text): [string, 0 | 1] => [text, 0]),
]);

/**
 * Makes numbers of a table of texts. A categorical column becomes an indicator (0 or 1) for each of its values, in
 * the order in which they first appear; all are missing where the value is.
 *
 * @throws UserError for unknown columns, labels that are no labels, and more than 127 columns
 */
export function encodeTable(
  header: readonly string[],
  records: readonly (readonly string[])[],
  { label, categorical = [], drop = [], log = [] }: TableOptions,
): Dataset {
  for (const column of [label, ...categorical, ...drop, ...log]) {
    if (header.includes(column)) continue;
    throw new UserError(`the file has no column "${column}"`, `Its columns are: ${header.join(", ")}.`);
  }
  const columns: string[] = [];
  const reads: ((record: readonly string[], into: Float32Array) => void)[] = [];
  header.forEach((name, index) => {
    if (name === label || drop.includes(name)) return;
    const text = (record: readonly string[]) => (record[index] ?? "").trim();
    const levels = new Set<string>();
    for (const record of records) if (!MISSING.has(text(record))) levels.add(text(record));
    const first = columns.length;
    if (!categorical.includes(name) && [...levels].every((level) => Number.isFinite(Number(level)))) {
      columns.push(name);
      const scale = log.includes(name) ? logarithmic : (value: number) => value;
      reads.push((record, into) => {
        const value = text(record);
        into[first] = MISSING.has(value) ? Number.NaN : scale(Number(value));
      });
      return;
    }
    if (log.includes(name)) {
      throw new UserError(`the column "${name}" holds no numbers`, "Leave it out of --log.");
    }
    const places = new Map([...levels].map((level, i) => [level, first + i]));
    for (const level of levels) columns.push(`${name}=${level}`);
    reads.push((record, into) => {
      const place = places.get(text(record));
      into.fill(place === undefined ? Number.NaN : 0, first, first + places.size);
      if (place !== undefined) into[place] = 1;
    });
  });
  checkColumns(columns.length);

  const x = new Float32Array(records.length * columns.length);
  const y = new Uint8Array(records.length);
  const labelIndex = header.indexOf(label);
  records.forEach((record, row) => {
    y[row] = readLabel(record[labelIndex] ?? "", `row ${row + 1}`);
    const into = x.subarray(row * columns.length, (row + 1) * columns.length);
    for (const read of reads) read(record, into);
  });
  return { columns, x, y };
}

/**
 * Makes numbers of the svmlight format: a line per row, `label index:value …`, with `#` before a comment. What a
 * line does not name is 0.
 *
 * @throws UserError naming the first line that is not so
 */
export function encodeSvmlight(text: string): Dataset {
  const rows: { label: 0 | 1; values: [number, number][] }[] = [];
  let [least, most] = [1, 0];
  for (const [i, line] of text.split("\n").entries()) {
    const [head = "", ...pairs] = (line.split("#")[0] ?? "").trim().split(/\s+/);
    if (head === "") continue;
    const values: [number, number][] = [];
    for (const pair of pairs) {
      const match = /^(\d+):(\S+)$/.exec(pair);
      const [index, value] = [Number(match?.[1]), Number(match?.[2])];
      if (!Number.isFinite(index) || !Number.isFinite(value)) {
        throw new UserError(`line ${i + 1}: "${pair}" is not index:value`, "Mend that line.");
      }
      values.push([index, value]);
      [least, most] = [Math.min(least, index), Math.max(most, index)];
    }
    rows.push({ label: readLabel(head, `line ${i + 1}`), values });
  }
  // Indices start at 1, in some files at 0.
  const width = most - least + 1;
  checkColumns(width);
  const x = new Float32Array(rows.length * width);
  rows.forEach(({ values }, row) => {
    for (const [index, value] of values) x[row * width + index - least] = value;
  });
  return {
    columns: Array.from({ length: width }, (_, column) => String(column + least)),
    x,
    y: Uint8Array.from(rows, ({ label }) => label),
  };
}

function logarithmic(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}

function readLabel(text: string, where: string): 0 | 1 {
  const label = LABELS.get(text.trim().toLowerCase());
  if (label !== undefined) return label;
  throw new UserError(
    `${where}: "${text}" is no label`,
    "Labels are true and false, yes and no, 1 and 0, or 1 and -1.",
  );
}

function checkColumns(count: number): void {
  if (count > 0 && count <= MOST_COLUMNS) return;
  throw new UserError(
    `the file gives ${count} columns with the indicators of its categories, 1 to ${MOST_COLUMNS} are expected`,
    "Leave columns out with --drop.",
  );
}

import { readFileSync } from "node:fs";
import { gunzipSync, inflateRawSync } from "node:zlib";

/** A real set for binary classification: rows of numbers in the file's order, and their labels, 0 or 1. */
export interface LabelledSet {
  columns: string[];
  rows: number[][];
  labels: number[];
}

const DATA = new URL("../../../shared/data/", import.meta.url);

/** River's phishing set: 1,250 rows, 9 columns. */
export function phishing(): LabelledSet {
  const { header, rows } = csv("phishing.csv.gz");
  const numbers = rows.map((row) => row.map(Number));
  return {
    columns: header.slice(0, -1),
    rows: numbers.map((row) => row.slice(0, -1)),
    labels: numbers.map((row) => row.at(-1) ?? NaN),
  };
}

/** River's bananas: 5,300 rows, 2 columns, in svmlight form, where a value that is left out is 0. */
export function bananas(): LabelledSet {
  const zip = readFileSync(new URL("bananas.zip", DATA));
  // The text is the first entry: a header of 30 bytes, its name, an extra field, then the deflated data.
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  const lines = inflateRawSync(zip.subarray(start)).toString().trim().split(/\r?\n/);
  const set: LabelledSet = { columns: ["1", "2"], rows: [], labels: [] };
  for (const line of lines) {
    const [label, ...pairs] = line.trim().split(/\s+/);
    const values = new Map(pairs.map((pair) => [pair.split(":")[0], Number(pair.split(":")[1])]));
    set.rows.push(set.columns.map((column) => values.get(column) ?? 0));
    set.labels.push(label === "1" ? 1 : 0);
  }
  return set;
}

const CATEGORIES = new Set([
  "Month",
  "OperatingSystems",
  "Browser",
  "Region",
  "TrafficType",
  "VisitorType",
  "Weekend",
]);

/**
 * Online shoppers' sessions: 12,330 rows. The 10 numbers are ln(1 + x); each value of the 7 categories is a
 * column of its own, 65 in all.
 */
export function onlineShoppers(): LabelledSet {
  const { header, rows } = csv("online_shoppers_intention.csv.gz");
  const set: LabelledSet = { columns: [], rows: rows.map(() => []), labels: [] };
  header.slice(0, -1).forEach((name, at) => {
    const texts = rows.map((row) => row[at] ?? "");
    for (const value of CATEGORIES.has(name) ? new Set(texts) : [undefined]) {
      set.columns.push(value === undefined ? name : `${name}=${value}`);
      texts.forEach((text, i) => {
        set.rows[i]?.push(value === undefined ? Math.log1p(Number(text)) : text === value ? 1 : 0);
      });
    }
  });
  set.labels = rows.map((row) => Number(row.at(-1)));
  return set;
}

function csv(name: string): { header: string[]; rows: string[][] } {
  const text = gunzipSync(readFileSync(new URL(name, DATA))).toString();
  const [header = [], ...rows] = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(","));
  return { header, rows };
}

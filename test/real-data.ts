import { existsSync } from "node:fs";
import { join } from "node:path";

const DATA = new URL("../../shared/data/", import.meta.url).pathname;

/** The path of a real data set; the repository holds none. */
export function dataFile(name: string): string {
  return join(DATA, name);
}

/** Why tests on a data set are skipped, for their title; empty when it is there. */
export function missing(name: string): string {
  if (existsSync(dataFile(name))) return "";
  if (process.env.CI === "true")
    throw new Error(`CI has no ${dataFile(name)}, and there nothing may be skipped`);
  return ` (skipped: ../shared/data/${name} is not there)`;
}

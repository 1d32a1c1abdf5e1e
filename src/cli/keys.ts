import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { UserError } from "../data/user-error.ts";

/** Where local keys are kept; wrangler reads the same file. */
const FILE = ".dev.vars";

/**
 * The key to write events with, or the secret key to read profiles with: as given, else from the environment
 * (`LIMN_WRITE_KEY`, `LIMN_SECRET_KEY`), else from `.dev.vars` in `directory`.
 *
 * @throws UserError when there is none
 */
export function findKey(
  kind: "write" | "secret",
  given: string | undefined,
  directory = process.cwd(),
): string {
  const name = `${kind.toUpperCase()}_KEY`;
  const key = given || process.env[`LIMN_${name}`] || readKeys(directory)[name];
  if (key) return key;
  throw new UserError(
    `there is no ${kind} key`,
    `Give it with --${kind}-key, LIMN_${name}, or ${name}=… in ${FILE} here (npm run serve makes one).`,
  );
}

/** The variables of `.dev.vars`; none when there is no such file. */
export function readKeys(directory: string): Record<string, string> {
  const file = join(directory, FILE);
  const found: Record<string, string> = {};
  if (!existsSync(file)) return found;
  for (const [name, value] of Object.entries(parseEnv(readFileSync(file, "utf8"))))
    if (value) found[name] = value;
  return found;
}

/** Makes `.dev.vars` from `.dev.vars.example`, with a random value for each empty variable, unless there is one. */
export function ensureKeys(directory: string): {
  file: string;
  created: boolean;
  keys: Record<string, string>;
} {
  const file = join(directory, FILE);
  const created = !existsSync(file);
  if (created) {
    const example = readFileSync(`${file}.example`, "utf8");
    const filled = example.replace(
      /^([A-Z_]+)=$/gm,
      (_, name: string) => `${name}=${randomBytes(24).toString("base64url")}`,
    );
    writeFileSync(file, filled, { mode: 0o600 });
  }
  return { file, created, keys: readKeys(directory) };
}

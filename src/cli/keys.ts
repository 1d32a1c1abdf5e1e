import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { UserError } from "../data/user-error.ts";
import { type KeyKind, mintKey, verifyKey } from "../keys/key.ts";

/** Where local secrets and keys are kept; wrangler reads the same file. */
const FILE = ".dev.vars";
const USER_TOKEN = "USER_TOKEN_";

/**
 * The key to write events with, or the secret key to read profiles with: as given, else from the environment
 * (`LIMN_WRITE_KEY`, `LIMN_SECRET_KEY`), else from `.dev.vars` in `directory`.
 *
 * @throws UserError when there is none
 */
export function findKey(kind: KeyKind, given: string | undefined, directory = process.cwd()): string {
  const name = `${kind.toUpperCase()}_KEY`;
  const key = given || findVariable(name, directory);
  if (key) return key;
  throw new UserError(
    `there is no ${kind} key`,
    `Give it with --${kind}-key, LIMN_${name}, or ${name}=… in ${FILE} here (npm run serve makes one).`,
  );
}

/**
 * A variable that only who issues keys or tokens has, from the environment (`LIMN_<name>`) or `.dev.vars`. There is no
 * option for it: what stands in a command line is seen by others and remembered by the shell.
 *
 * @throws UserError when there is none
 */
export function needVariable(name: string, directory = process.cwd()): string {
  const value = findVariable(name, directory);
  if (value) return value;
  throw new UserError(
    `there is no ${name}`,
    `Give that of the edge as LIMN_${name}, or as ${name}=… in ${FILE} here (npm run serve makes one).`,
  );
}

/** Such a variable, where there may be none. */
export function findVariable(name: string, directory = process.cwd()): string | undefined {
  return process.env[`LIMN_${name}`] || readKeys(directory)[name];
}

/** The variables of `.dev.vars`; none when there is no such file. */
export function readKeys(directory: string): Record<string, string> {
  const file = join(directory, FILE);
  return existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
}

/**
 * Sees that `.dev.vars` holds all that a local edge and its clients need: makes it from `.dev.vars.example`, and fills
 * in what that has and one that is there lacks, or what is not a key of its secret.
 */
export function ensureKeys(directory: string): {
  file: string;
  created: boolean;
  keys: Record<string, string>;
} {
  const file = join(directory, FILE);
  const created = !existsSync(file);
  const example = readFileSync(`${file}.example`, "utf8");
  const found = created ? example : readFileSync(file, "utf8");
  const text = complete(found, example);
  if (created || text !== found) writeFileSync(file, text, { mode: 0o600 });
  return { file, created, keys: parse(text) };
}

/** Secrets, and a key of each kind: all that an edge of a test or a benchmark needs. */
export function newKeys(KEY_SECRET = newSecret()) {
  const WRITE_KEY = mintKey(KEY_SECRET, { kind: "write" });
  const SECRET_KEY = mintKey(KEY_SECRET, { kind: "secret" });
  return { KEY_SECRET, ID_SECRET: newSecret(), WRITE_KEY, SECRET_KEY };
}

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

function complete(found: string, example: string): string {
  let text = found;
  const there = parse(found);
  for (const [name, value = ""] of Object.entries(parseEnv(example))) {
    if (there[name] || name.endsWith("_KEY")) continue;
    // With public keys there is no secret, and whose tokens they are for is not to be guessed.
    if (name.startsWith(USER_TOKEN) && there.USER_TOKEN_JWKS) continue;
    text = setVariable(text, name, value || newSecret());
  }
  const { KEY_SECRET = "", KEY_SECRET_PREVIOUS = "", ...keys } = parse(text);
  const secrets = [KEY_SECRET, ...(KEY_SECRET_PREVIOUS ? [KEY_SECRET_PREVIOUS] : [])];
  for (const kind of ["write", "secret"] as const) {
    const name = `${kind.toUpperCase()}_KEY`;
    if (verifyKey(keys[name] ?? "", secrets)?.kind === kind) continue;
    text = setVariable(text, name, mintKey(KEY_SECRET, { kind, name: "local" }));
  }
  return text;
}

function setVariable(text: string, name: string, value: string): string {
  const line = new RegExp(`^${name}=.*$`, "m");
  if (line.test(text)) return text.replace(line, `${name}=${value}`);
  return `${text.replace(/\n*$/, "\n")}${name}=${value}\n`;
}

function parse(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(text))) if (value) found[name] = value;
  return found;
}

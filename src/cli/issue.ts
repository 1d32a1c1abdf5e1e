import { type Command, InvalidArgumentError, Option } from "commander";
import { SignJWT } from "jose/jwt/sign";
import { runCommand, UserError } from "../data/user-error.ts";
import { durationMs } from "../definition/schema.ts";
import { isProfileId } from "../events/validate.ts";
import {
  isKeyId,
  KEY_LENGTH,
  type Key,
  type KeyKind,
  mintKey,
  readKey,
  SECRET_LENGTH,
  verifyKey,
} from "../keys/key.ts";
import type { RevokedKey } from "./answers.ts";
import { Client } from "./client.ts";
import { findKey, findVariable, needVariable } from "./keys.ts";

interface CreateFlags {
  kind: KeyKind;
  name: string;
  origin: string[];
  expires?: number;
}

interface EdgeFlags {
  url: string;
  secretKey?: string;
}

interface TokenFlags {
  user: string;
  scope: string[];
  ttl: number;
}

const SECRET_KEY = ["--secret-key <key>", "default: LIMN_SECRET_KEY, or SECRET_KEY in .dev.vars"] as const;

/** Adds `limn keys`: minting, which needs the edge's KEY_SECRET and no edge, and revoking, which needs the edge. */
export function addKeys(program: Command, url: string): void {
  const keys = program.command("keys").description("mint, read and revoke keys of an edge");
  keys
    .command("create")
    .description("mint a key from KEY_SECRET (LIMN_KEY_SECRET, or that in .dev.vars)")
    .addOption(
      new Option("--kind <kind>", "what it may do").choices(["write", "secret"]).makeOptionMandatory(),
    )
    .option("--name <name>", "what people call it", name, "")
    .option("--origin <origin>", "the only pages that may use it; again for more", origins, [])
    .option(
      "--expires <when>",
      "in a time such as 90d or 12h, or at an ISO 8601 time; default: never",
      expiry,
    )
    .action((flags: CreateFlags) => runCommand(async () => console.log(create(flags))));
  keys
    .command("show")
    .description("tell what a key says; nothing is asked of the edge")
    .argument("<key>", "the key")
    .action((text: string) => runCommand(async () => console.log(show(text))));
  keys
    .command("revoke")
    .description("end a key for good; it is refused everywhere within a minute")
    .argument("<key>", "the key, or its id: the first 20 characters")
    .option("--url <url>", "the edge", url)
    .option(...SECRET_KEY)
    .action((text: string, flags: EdgeFlags) =>
      runCommand(async () => {
        if (readKey(text) === undefined && !isKeyId(text)) throw notAKey();
        const { id, revokedAt, warning } = await reach(flags).revoke(text);
        console.log(`${id} was revoked at ${revokedAt} and is refused everywhere within a minute.`);
        if (warning !== undefined) console.log(warning);
      }),
    );
  keys
    .command("revoked")
    .description("list the keys that were revoked, newest first")
    .option("--url <url>", "the edge", url)
    .option(...SECRET_KEY)
    .action((flags: EdgeFlags) =>
      runCommand(async () => {
        const line = ({ id, revokedAt }: RevokedKey) => `${id}  ${revokedAt}`;
        for (const revoked of await reach(flags).revoked()) console.log(line(revoked));
      }),
    );
}

/** Adds `limn tokens`: what the application's own server does with a JWT library, for trying it out. */
export function addTokens(program: Command): void {
  program
    .command("tokens")
    .description(
      "make user tokens, with USER_TOKEN_SECRET, _ISSUER and _AUDIENCE (LIMN_…, or those in .dev.vars)",
    )
    .command("create")
    .requiredOption("--user <id>", "whose profile it opens", user)
    .option("--scope <scopes>", "read, live or both, with commas between", scopes, ["read"])
    .option("--ttl <time>", "how long it is good, a day at most", ttl, 3_600_000)
    .action((flags: TokenFlags) => runCommand(async () => console.log(await createToken(flags))));
}

function create({ kind, name, origin, expires }: CreateFlags): string {
  if (kind === "secret" && origin.length > 0) {
    throw new UserError("a secret key is not for pages", "Leave out --origin, or mint a write key.");
  }
  const secret = needVariable("KEY_SECRET");
  if (secret.length < SECRET_LENGTH) {
    throw new UserError(
      `KEY_SECRET is shorter than ${SECRET_LENGTH} characters`,
      "Set a longer one at the edge and here: whoever has a key can try secrets.",
    );
  }
  try {
    return mintKey(secret, { kind, name, origins: origin, ...(expires !== undefined && { expires }) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(
      `the key is longer than ${KEY_LENGTH} characters`,
      "Give fewer origins, or mint several keys.",
    );
  }
}

function show(text: string): string {
  const key = readKey(text);
  if (key === undefined) throw notAKey();
  const secrets = ["KEY_SECRET", "KEY_SECRET_PREVIOUS"].map((variable) => findVariable(variable) ?? "");
  const known = secrets.filter((secret) => secret !== "");
  const isOurs = verifyKey(text, known) !== undefined;
  const time = (ms: number) => new Date(ms).toISOString();
  const lines: [string, string][] = [
    ["id", key.id],
    ["kind", key.kind],
    ["name", key.name || "none"],
    ["created", time(key.created)],
    ["expires", key.expires === undefined ? "never" : time(key.expires) + hasExpired(key)],
    ["origins", key.origins.join(", ") || "any"],
    [
      "made by",
      isOurs
        ? "the KEY_SECRET here"
        : known.length > 0
          ? "another secret, or nobody"
          : "unknown: no KEY_SECRET here",
    ],
  ];
  return lines.map(([label, value]) => `${label.padEnd(8)} ${value}`).join("\n");
}

function hasExpired({ expires }: Key): string {
  return expires !== undefined && expires <= Date.now() ? " (expired)" : "";
}

function reach({ url, secretKey }: EdgeFlags): Client {
  return new Client({ url, secretKey: findKey("secret", secretKey), attempts: 4 });
}

function notAKey(): UserError {
  return new UserError(
    "that is not a key",
    "A key begins with limn_wk_ or limn_sk_; give it whole, or its first 20 characters.",
  );
}

function createToken({ user, scope, ttl }: TokenFlags): Promise<string> {
  const secret = needVariable("USER_TOKEN_SECRET");
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ scope: scope.join(" ") })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(needVariable("USER_TOKEN_ISSUER"))
    .setAudience(needVariable("USER_TOKEN_AUDIENCE"))
    .setSubject(user)
    .setIssuedAt(now)
    .setExpirationTime(now + Math.floor(ttl / 1000))
    .sign(new TextEncoder().encode(secret));
}

const DURATION = /^[1-9][0-9]{0,5}[smhd]$/;

function expiry(text: string): number {
  const time = DURATION.test(text) ? Date.now() + durationMs(text) : Date.parse(text);
  // The last second that 32 bits hold.
  if (time > Date.now() && time < 2 ** 32 * 1000) return time;
  throw new InvalidArgumentError("a time to come is expected, such as 90d or 2027-12-31T00:00:00Z.");
}

function ttl(text: string): number {
  const ms = DURATION.test(text) ? durationMs(text) : Number.NaN;
  if (ms <= 86_400_000) return ms;
  throw new InvalidArgumentError("a time of a day at most is expected, such as 15m or 1h.");
}

function origins(text: string, before: string[]): string[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.origin === text && /^https?:$/.test(url.protocol)) return [...before, text];
  throw new InvalidArgumentError("an origin as browsers send it is expected, such as https://shop.example.");
}

function name(text: string): string {
  if (text.length <= 60 && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError("60 characters at most, without control characters, are expected.");
}

function user(text: string): string {
  if (isProfileId(text)) return text;
  throw new InvalidArgumentError("the id of a profile is expected.");
}

function scopes(text: string): string[] {
  const words = text.split(",");
  if (words.every((word) => word === "read" || word === "live")) return words;
  throw new InvalidArgumentError("read, live or read,live is expected.");
}

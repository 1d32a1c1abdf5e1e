import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** What a key may do: only send events (it ships in pages and apps), or everything (it stays on servers). */
export type KeyKind = "write" | "secret";

/** What a key says. Whoever holds the key can read it: nothing here is a secret. */
export interface Key {
  /** The first characters of the key, such as `limn_wk_4fZk0aJQ2yXb`: enough to name it, useless without the rest. */
  id: string;
  kind: KeyKind;
  /** What people call it; may be empty. */
  name: string;
  /** ms since 1970, whole seconds, as is `expires`. */
  created: number;
  /** From then on it is refused; undefined for never. */
  expires?: number;
  /** The web origins whose pages may use it, such as `https://shop.example`; any when there is none. */
  origins: readonly string[];
}

/*
 * A key is text of four parts, one after the other:
 *
 *   limn_wk_ or limn_sk_   the kind; for people, and for scanners that look for leaked keys
 *   12 characters          the rest of the id: 72 random bits
 *   12 or more             created and expires (s since 1970, 32 bits each, 0 for never), the version of this format
 *                          (8 bits), then the name and the origins in UTF-8, one a line
 *   32 characters          the MAC: 192 bits of the HMAC-SHA-256 of all characters before, under the deployment's secret
 *
 * all but the first in base64url. The MAC is over characters and compared as characters, so that there is one spelling
 * of a key only; and the kind is among them, so that no kind can be made of another.
 */
const PREFIXES: Readonly<Record<KeyKind, string>> = { write: "limn_wk_", secret: "limn_sk_" };
const SHAPE = /^limn_[ws]k_[\w-]{24,}$/;
const ID_SHAPE = /^limn_[ws]k_[\w-]{12}$/;
const PREFIX = 8;
const ID = PREFIX + 12;
const MAC = 32;
const MAC_BYTES = 24;
/** Where in the decoded middle each part begins. */
const [CREATED, EXPIRES, VERSION, TEXT] = [9, 13, 17, 18];
const FORMAT = 1;

/** What else is ever authenticated with the secret must begin otherwise. */
const DOMAIN = "limn/key/1\n";

/** Longest key, in characters: what is longer is not worth a hash. */
export const KEY_LENGTH = 1024;
/** Shortest secret, in characters: write keys are public, and each lets anybody try secrets at home. */
export const SECRET_LENGTH = 32;

/** A new key. What `name` and `origins` may be is for `cli/mint.ts` to see to. */
export function mintKey(
  secret: string,
  key: Pick<Key, "kind"> & Partial<Omit<Key, "id">>,
  random = randomBytes(CREATED),
): string {
  const { kind, name = "", created = Date.now(), expires, origins = [] } = key;
  const text = Buffer.from([name, ...origins].join("\n"));
  const bytes = Buffer.alloc(TEXT + text.length);
  bytes.set(random);
  bytes.writeUInt32BE(Math.floor(created / 1000), CREATED);
  bytes.writeUInt32BE(expires === undefined ? 0 : Math.floor(expires / 1000), EXPIRES);
  bytes.writeUInt8(FORMAT, VERSION);
  bytes.set(text, TEXT);
  const signed = PREFIXES[kind] + bytes.toString("base64url");
  if (signed.length + MAC > KEY_LENGTH) throw new RangeError(`a key is longer than ${KEY_LENGTH} characters`);
  return signed + macOf(secret, signed);
}

/** What a key says when one of the secrets made it; else undefined. Whether it has expired is not looked at. */
export function verifyKey(text: string, secrets: readonly string[]): Key | undefined {
  const key = readKey(text);
  if (key === undefined) return undefined;
  const signed = text.slice(0, -MAC);
  const mac = Buffer.from(text.slice(-MAC), "latin1");
  for (const secret of secrets) {
    if (timingSafeEqual(mac, Buffer.from(macOf(secret, signed), "latin1"))) return key;
  }
  return undefined;
}

/** What a text says that looks like a key, whether or not it is one; else undefined. */
export function readKey(text: string): Key | undefined {
  if (text.length > KEY_LENGTH || text.length < ID + MAC || !SHAPE.test(text)) return undefined;
  const bytes = Buffer.from(text.slice(PREFIX, -MAC), "base64url");
  if (bytes.length < TEXT || bytes.readUInt8(VERSION) !== FORMAT) return undefined;
  const [name = "", ...origins] = bytes.toString("utf8", TEXT).split("\n");
  const expires = bytes.readUInt32BE(EXPIRES) * 1000;
  return {
    id: text.slice(0, ID),
    kind: kindOf(text),
    name,
    created: bytes.readUInt32BE(CREATED) * 1000,
    ...(expires === 0 ? {} : { expires }),
    origins,
  };
}

/** Whether a text is the id of a key. */
export function isKeyId(text: string): boolean {
  return ID_SHAPE.test(text);
}

/** The kind that a key or its id names. */
export function kindOf(id: string): KeyKind {
  return id.startsWith(PREFIXES.write) ? "write" : "secret";
}

function macOf(secret: string, signed: string): string {
  const digest = createHmac("sha256", secret).update(DOMAIN).update(signed).digest();
  return digest.subarray(0, MAC_BYTES).toString("base64url");
}

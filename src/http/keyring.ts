import { waitUntil } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import { type Key, SECRET_LENGTH, verifyKey } from "../keys/key.ts";
import type { Revocations } from "../keys/revocations.ts";
import { revocationsOf } from "../keys/stub.ts";
import { retentionOf } from "../profile/retention.ts";
import { UserTokens } from "./user-tokens.ts";

/** How many keys an isolate remembers as verified. */
const MOST_VERIFIED = 1_000;

/** What a deployment accepts as a credential. One an environment, which lives as long as the isolate. */
export class Keyring {
  /** Undefined when the deployment takes no user tokens. */
  readonly userTokens: UserTokens | undefined;
  readonly revocations: Revocations;
  readonly #secrets: readonly string[];
  /**
   * Keys whose MAC was found right. That a look-up takes longer or shorter tells nothing of a MAC: only whole keys that
   * are right get in, and to come near one a guess would have to hash like it, under a seed that nobody outside knows.
   */
  readonly #verified = new Map<string, Key>();

  /** @throws Error when the configuration is wrong, with what is: without its secrets the edge would fall open */
  constructor(env: Environment) {
    for (const name of ["KEY_SECRET", "ID_SECRET"] as const) {
      if (!env[name]) throw new Error(`${name} is not set`);
    }
    const secrets = Object.entries({
      KEY_SECRET: env.KEY_SECRET,
      KEY_SECRET_PREVIOUS: env.KEY_SECRET_PREVIOUS,
    });
    this.#secrets = secrets.flatMap(([name, secret]) => {
      if (!secret) return [];
      if (secret.length >= SECRET_LENGTH) return [secret];
      throw new Error(`${name} is shorter than ${SECRET_LENGTH} characters`);
    });
    this.userTokens = UserTokens.isConfigured(env) ? new UserTokens(env) : undefined;
    this.revocations = revocationsOf(env);
  }

  /** What a key says, if it is one of this deployment. */
  find(sent: string): Key | undefined {
    const known = this.#verified.get(sent);
    if (known !== undefined) return known;
    const key = verifyKey(sent, this.#secrets);
    if (key === undefined) return undefined;
    if (this.#verified.size >= MOST_VERIFIED) this.#verified.clear();
    this.#verified.set(sent, key);
    return key;
  }

  /** Sees that it is known which keys are revoked: false when that cannot be known now. */
  knowsRevoked(): true | Promise<boolean> {
    return this.revocations.ready(waitUntil);
  }
}

const keyrings = new WeakMap<Environment, Keyring | string>();

/** The keyring of an environment; what is wrong with its configuration, as a sentence, when it has none. */
export function keyringOf(env: Environment): Keyring | string {
  let keyring = keyrings.get(env);
  if (keyring === undefined) {
    try {
      retentionOf(env);
      keyring = new Keyring(env);
    } catch (error) {
      keyring = `${error instanceof Error ? error.message : "The configuration cannot be used"}.`;
    }
    keyrings.set(env, keyring);
  }
  return keyring;
}

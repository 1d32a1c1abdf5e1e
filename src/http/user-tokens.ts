import { createLocalJWKSet } from "jose/jwks/local";
import { jwtVerify } from "jose/jwt/verify";
import * as v from "valibot";
import type { Environment } from "../environment.ts";
import { isProfileId } from "../events/validate.ts";
import { SECRET_LENGTH } from "../keys/key.ts";
import type { Failure, Result } from "./problems.ts";

/** What a user token opens: the reading of its user's profile, or following it live. */
export type Scope = "read" | "live";

/** Whom a token speaks for. */
export interface UserToken {
  /** The id of the only profile that it opens. */
  user: string;
  scopes: readonly Scope[];
  /** When it ends, ms. */
  until: number;
}

/** Oldest token that is accepted, by its `iat`, whatever its `exp` says. */
const MAX_AGE_S = 24 * 3600;
/** How far the clock of the issuer may be off. */
const CLOCK_S = 10;
/** Longest token, in characters. */
const TOKEN_LENGTH = 4096;

const Text = v.string();
const about = { kid: v.exactOptional(Text), use: v.exactOptional(v.literal("sig")) };
/** Public keys. Each states its algorithm and is used with no other, so that a token cannot choose one. */
const Jwks = v.object({
  keys: v.pipe(
    v.array(
      v.variant("alg", [
        v.object({
          ...about,
          alg: v.literal("ES256"),
          kty: v.literal("EC"),
          crv: v.literal("P-256"),
          x: Text,
          y: Text,
        }),
        v.object({ ...about, alg: v.literal("RS256"), kty: v.literal("RSA"), n: Text, e: Text }),
        v.object({
          ...about,
          alg: v.literal("EdDSA"),
          kty: v.literal("OKP"),
          crv: v.literal("Ed25519"),
          x: Text,
        }),
      ]),
    ),
    v.minLength(1),
    v.maxLength(16),
  ),
});

/** Whether a credential is written as a JWT, which no key is. */
export function looksLikeToken(sent: string): boolean {
  return /^[\w-]*\.[\w-]*\.[\w-]*$/.test(sent);
}

/** The user tokens (JWT, RFC 7519) that a deployment accepts: those that the application's own servers issue. */
export class UserTokens {
  readonly #verify: (token: string) => ReturnType<typeof jwtVerify>;

  /** @throws Error when the configuration is wrong, with what is; see `isConfigured` */
  constructor(env: Environment) {
    const { USER_TOKEN_SECRET: secret, USER_TOKEN_JWKS: jwks } = env;
    const { USER_TOKEN_ISSUER: issuer, USER_TOKEN_AUDIENCE: audience } = env;
    if (!issuer) throw new Error("USER_TOKEN_ISSUER is not set");
    if (!audience) throw new Error("USER_TOKEN_AUDIENCE is not set");
    if (secret && jwks) throw new Error("USER_TOKEN_SECRET and USER_TOKEN_JWKS are both set");
    const options = {
      issuer,
      audience,
      maxTokenAge: MAX_AGE_S,
      clockTolerance: CLOCK_S,
      requiredClaims: ["exp", "iat", "sub"],
    };
    if (jwks) {
      const { keys } = parseJwks(jwks);
      const find = createLocalJWKSet({ keys });
      const algorithms = [...new Set(keys.map(({ alg }) => alg))];
      this.#verify = (token) => jwtVerify(token, find, { ...options, algorithms });
    } else {
      if (!secret || secret.length < SECRET_LENGTH)
        throw new Error(`USER_TOKEN_SECRET is shorter than ${SECRET_LENGTH} characters`);
      const key = new TextEncoder().encode(secret);
      this.#verify = (token) => jwtVerify(token, key, { ...options, algorithms: ["HS256"] });
    }
  }

  static isConfigured(env: Environment): boolean {
    return Boolean(env.USER_TOKEN_SECRET || env.USER_TOKEN_JWKS);
  }

  async verify(token: string): Promise<Result<UserToken>> {
    if (token.length > TOKEN_LENGTH) return refused("The token is too long.");
    try {
      const { payload } = await this.#verify(token);
      const { sub, scope, exp = 0, iat = 0 } = payload;
      if (typeof sub !== "string" || !isProfileId(sub))
        return refused('The claim "sub" is not a profile id.');
      const until = Math.min(exp, iat + MAX_AGE_S) * 1000;
      return { ok: true, value: { user: sub, scopes: readScopes(scope), until } };
    } catch (error) {
      return refused(explain(error));
    }
  }
}

export function refused(detail: string): { ok: false; failure: Failure } {
  const challenge = 'Bearer realm="limn", error="invalid_token"';
  return {
    ok: false,
    failure: { code: "token-invalid", detail, headers: { "WWW-Authenticate": challenge } },
  };
}

function parseJwks(text: string): v.InferOutput<typeof Jwks> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Jwks), text);
  if (!parsed.success)
    throw new Error("USER_TOKEN_JWKS is not a JWK set with alg ES256, RS256 or EdDSA in each key");
  return parsed.output;
}

/** `scope` as OAuth writes it (RFC 8693): words, with spaces between. */
function readScopes(scope: unknown): Scope[] {
  const words = typeof scope === "string" ? scope.split(" ") : [];
  return words.filter((word): word is Scope => word === "read" || word === "live");
}

/** What to tell of an error of jose: enough for whoever issues the tokens, nothing of what the token says. */
function explain(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_JWT_EXPIRED") return "The token has expired, or is older than a day.";
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED" && error instanceof Error && "claim" in error) {
    return `The claim "${String(error.claim)}" is missing or not what is expected.`;
  }
  return "The token is not signed as this deployment expects.";
}

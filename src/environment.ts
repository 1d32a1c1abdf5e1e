import type { FailuresRpc } from "./failures/contract.ts";
import type { KeysRpc } from "./keys/contract.ts";
import type { ProfileRpc } from "./profile/contract.ts";

/**
 * The namespace of the profile objects. Not `DurableObjectNamespace<Profile>`: the types that Cloudflare
 * derives for RPC never end on recursive ones, such as JSON.
 */
export type ProfileNamespace = { get(id: DurableObjectId): ProfileStub } & DurableObjectNamespace;

export type ProfileStub = ProfileRpc & DurableObjectStub;

/** The namespace of the shards that keep failures and counts. */
export type FailuresNamespace = { get(id: DurableObjectId): FailuresStub } & DurableObjectNamespace;

export type FailuresStub = FailuresRpc & DurableObjectStub;

/** The namespace of the one object that knows which keys are revoked. */
export type KeysNamespace = {
  get(id: DurableObjectId): KeysRpc & DurableObjectStub;
} & DurableObjectNamespace;

/** What the Worker is deployed with. A secret that is missing or weak closes the edge; see `http/keyring.ts`. */
export interface Environment {
  PROFILES: ProfileNamespace;
  FAILURES: FailuresNamespace;
  KEYS: KeysNamespace;
  /** The files of the API reference; see `http/reference.ts`. */
  ASSETS: Fetcher;
  /** Requests that are made with one key, in one place; no limit where it is not bound, as in plain workerd. */
  RATE_BY_KEY?: RateLimit;
  /** Requests that are about one user, likewise. */
  RATE_BY_USER?: RateLimit;
  /** The name of the definition profiles are made by. */
  DEFINITION?: string;
  /** The name of the prior that its models sit on, written by `limn train`; none without it. */
  PRIOR?: string;
  /** Keys are minted from it: 32 characters or more. */
  KEY_SECRET?: string;
  /** The one before, while keys that it made are still about. */
  KEY_SECRET_PREVIOUS?: string;
  /** Names the objects; another value finds none of the profiles written under this one. */
  ID_SECRET?: string;
  /** User tokens: the secret that they are signed with (HS256), or the public keys (a JWK set); none without either. */
  USER_TOKEN_SECRET?: string;
  USER_TOKEN_JWKS?: string;
  /** Their `iss` and `aud`. */
  USER_TOKEN_ISSUER?: string;
  USER_TOKEN_AUDIENCE?: string;
  /** How many events a profile keeps at most. */
  RETENTION_EVENTS?: string;
  /** How many days an event is kept at most. */
  RETENTION_DAYS?: string;
  /** How many days a rejected or late event is kept; 14 without it, none at all with 0. */
  FAILURES_DAYS?: string;
  /** Origins whose pages may open a live profile's WebSocket beside this host's own, with spaces between. */
  LIVE_ORIGINS?: string;
}

declare global {
  namespace Cloudflare {
    // Types `env` and `exports` of "cloudflare:workers".
    interface Env extends Environment {}
    interface GlobalProps {
      mainModule: typeof import("./worker.ts");
    }
  }
}

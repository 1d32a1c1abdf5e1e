import type { FailuresRpc } from "./failures/contract.ts";
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

/** What the Worker is deployed with. A key or secret that is missing closes the edge; see `http/auth.ts`. */
export interface Environment {
  PROFILES: ProfileNamespace;
  FAILURES: FailuresNamespace;
  /** The name of the definition profiles are made by. */
  DEFINITION?: string;
  /** The name of the prior that its models sit on, written by `limn train`; none without it. */
  PRIOR?: string;
  /** May send events, nothing else: the key that ships in pages and apps. */
  WRITE_KEY?: string;
  /** May do everything: the key of servers. */
  SECRET_KEY?: string;
  /** Names the objects; another value finds none of the profiles written under this one. */
  ID_SECRET?: string;
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

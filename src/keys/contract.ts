/** A key that is refused although its MAC is right. */
export interface Revoked {
  id: string;
  /** ms since 1970, as is `expires`. */
  revokedAt: number;
  /** When it would have ended by itself, where that is known. */
  expires?: number;
}

/** How many revoked keys are kept: each isolate holds them all. Those that have expired make room. */
export const MOST_REVOKED = 2_000;

/** The RPC of the one object that knows which keys are revoked. */
export interface KeysRpc {
  /** Revokes a key for good; again is harmless. Undefined when there is no room. */
  revoke(id: string, expires?: number): Promise<Revoked | undefined>;
  /** All of them, newest first. */
  revoked(): Promise<Revoked[]>;
}

import { env } from "cloudflare:workers";
import type { PreviewRequest, ReadOptions, Receipt } from "../../src/profile/contract.ts";
import { unpackLines } from "../../src/profile/lines.ts";

/** What stands in for the objects of users; what it lacks is the real one's. */
export interface Fake {
  ingest?: (user: string, events: { id: string }[]) => Promise<unknown>;
  read?: (() => Promise<unknown>) | undefined;
  preview?: (user: string) => Promise<unknown>;
  merge?: (user: string, into: string) => Promise<unknown>;
}

/** A namespace whose stubs are made by `get`. */
export function namespaceOf<N extends DurableObjectNamespace>(
  real: N,
  get: (id: DurableObjectId) => unknown,
): N {
  return new Proxy(real, {
    get(target, key) {
      const value = key === "get" ? get : Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The environment with `fake` before the objects; `stubs` counts how many stubs were taken. */
export function faking(fake: Fake): { env: typeof env; stubs: () => number } {
  let stubs = 0;
  const PROFILES = namespaceOf(env.PROFILES, (id) => {
    stubs++;
    const real = env.PROFILES.get(id);
    const { ingest, read, preview, merge } = fake;
    return {
      ingest: (user: string, lines: string, origin?: string) =>
        ingest === undefined ? real.ingest(user, lines, origin) : ingest(user, unpackLines(user, lines)),
      read: read ?? ((options?: ReadOptions) => real.read(options)),
      merge: merge ?? ((user: string, into: string) => real.merge(user, into)),
      preview: preview ?? ((user: string, request: PreviewRequest) => real.preview(user, request)),
    };
  });
  return { env: { ...env, PROFILES }, stubs: () => stubs };
}

/** An object's answer: the same receipt for each event. */
export const receiving =
  (receipt: (id: string) => Receipt) => async (_user: string, events: { id: string }[]) => ({
    status: "ingested",
    version: 1,
    receipts: events.map(({ id }) => receipt(id)),
  });

/** The environment with a store of failures that throws. */
export function withoutFailures(): typeof env {
  const fail = () => Promise.reject(new Error("secret details of jane@example.com"));
  const stub = {
    keep: fail,
    list: fail,
    find: fail,
    settle: fail,
    remove: fail,
    stats: fail,
    countEvent: fail,
    removeEvent: fail,
  };
  return { ...env, FAILURES: namespaceOf(env.FAILURES, () => stub) };
}

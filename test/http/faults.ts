import { env } from "cloudflare:workers";
import type { ProblemCode } from "../../src/http/problems.ts";
import { namespaceOf } from "./faking.ts";

type Bindings = typeof env;

/** In the message of every error that is thrown here: what an object throws may quote a user's data. */
export const SECRET_MESSAGE = "secret details of jane@example.com";

const failing = (members: object = {}) => {
  return () => Promise.reject(Object.assign(new Error(SECRET_MESSAGE), members));
};

/** A stub on which any method does the same. */
function stubOf(method: (name: string) => Promise<unknown>): object {
  const answer = (name: string) => async () => {
    const value = await method(name);
    return name === "fetch" ? Response.json(value) : value;
  };
  return new Proxy({}, { get: (_, name) => answer(String(name)) });
}

/** The environment with these in place of all objects of users and of the shards of failures. */
function withObjects(method: (name: string) => Promise<unknown>): Bindings {
  return {
    ...env,
    PROFILES: namespaceOf(env.PROFILES, () => stubOf(method)),
    FAILURES: namespaceOf(env.FAILURES, () => stubOf(method)),
  };
}

const withKeys = (method: (name: string) => Promise<unknown>): Bindings => ({
  ...env,
  KEYS: namespaceOf(env.KEYS, () => stubOf(method)),
});

/** An environment in which what is bound throws when it is looked at. */
function throwing(...names: (keyof Bindings)[]): Bindings {
  const bindings = { ...env };
  for (const name of names) {
    Object.defineProperty(bindings, name, {
      enumerable: true,
      get() {
        throw new Error(SECRET_MESSAGE);
      },
    });
  }
  return bindings;
}

/** An edge in which something is wrong; `release` lets go of what hangs in it. */
export interface Fault {
  bindings: Bindings;
  /** Requests that must be on their way before: they hang. */
  before?: number;
  release?: () => void;
}

const fault = (bindings: Bindings): Fault => ({ bindings });
const failed = (code: string) => fault(withObjects(async () => ({ status: "failed", code })));

/** By the code of the problem that requests then end with. */
export const FAULTS: Partial<Record<ProblemCode, () => Fault>> = {
  "not-configured": () => fault({ ...env, KEY_SECRET: "" }),
  internal: () => fault(throwing("RATE_BY_KEY", "ASSETS")),
  "rate-limited": () => fault({ ...env, RATE_BY_KEY: { limit: async () => ({ success: false }) } }),
  "keys-unavailable": () => fault(withKeys(failing())),
  "revocations-full": () => fault(withKeys(async (name) => (name === "revoked" ? [] : undefined))),
  overloaded: () => fault(withObjects(failing({ overloaded: true }))),
  unavailable: () => fault(withObjects(failing())),
  "storage-full": () => fault(withObjects(() => Promise.reject(new Error(`SQLITE_FULL ${SECRET_MESSAGE}`)))),
  "state-corrupt": () => failed("state-corrupt"),
  "state-newer": () => failed("state-newer"),
  merging: () => fault(withObjects(async (name) => ({ status: name === "erase" ? "merging" : "waiting" }))),
  "too-many-readers": () => fault(withObjects(async () => ({ status: "full", most: 64 }))),
  "too-busy": () => {
    const hanging = Promise.withResolvers<unknown>();
    const release = () => hanging.resolve({ status: "failed", code: "state-corrupt" });
    return { bindings: withObjects(() => hanging.promise), before: 32, release };
  },
};

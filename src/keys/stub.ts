import type { Environment } from "../environment.ts";
import { attempt } from "../http/attempt.ts";
import type { KeysRpc } from "./contract.ts";
import { Revocations } from "./revocations.ts";

/** A fresh stub of the object that knows which keys are revoked. */
export function keysObject(env: Environment): KeysRpc {
  return env.KEYS.get(env.KEYS.idFromName("keys"));
}

const known = new WeakMap<Environment, Revocations>();

/** What is known of revoked keys in an environment, which lives as long as the isolate: for requests and objects alike. */
export function revocationsOf(env: Environment): Revocations {
  let revocations = known.get(env);
  if (revocations === undefined) {
    revocations = new Revocations(async () => {
      const asked = await attempt(() => keysObject(env).revoked());
      return asked.ok ? asked.value.map(({ id }) => id) : undefined;
    });
    known.set(env, revocations);
  }
  return revocations;
}

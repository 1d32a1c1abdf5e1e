import { createHmac } from "node:crypto";
import type { Environment, ProfileNamespace, ProfileStub } from "../environment.ts";

/** A fresh stub of a user's object. */
export function profileOf(env: Environment, user: string): ProfileStub {
  return env.PROFILES.get(idOf(env, user));
}

export function idOf({ PROFILES, ID_SECRET: secret = "" }: Environment, user: string): DurableObjectId {
  if (ids.of !== PROFILES || secret !== ids.secret || ids.known.size >= MOST_IDS) {
    ids = { of: PROFILES, secret, known: new Map() };
  }
  let id = ids.known.get(user);
  if (id === undefined) {
    // Names of objects show up in logs and dashboards: this one tells nothing without the secret.
    id = PROFILES.idFromName(createHmac("sha256", secret).update(user).digest("hex"));
    ids.known.set(user, id);
  }
  return id;
}

/** Ids worked out of late: a user comes back soon, and the two hashes cost more than the rest of a look-up. */
const MOST_IDS = 10_000;
let ids: { of?: ProfileNamespace; secret: string; known: Map<string, DurableObjectId> } = {
  secret: "",
  known: new Map(),
};

import { createHmac } from "node:crypto";
import type { Environment } from "../environment.ts";
import type { ProfileRpc } from "./contract.ts";

/** A fresh stub of a user's object. */
export function profileOf(env: Environment, user: string): ProfileRpc {
  const secret = env.ID_SECRET ?? "";
  if (secret !== names.secret || names.known.size >= MOST_NAMES) names = { secret, known: new Map() };
  let name = names.known.get(user);
  if (name === undefined) {
    // Names of objects show up in logs and dashboards: this one tells nothing without the secret.
    name = createHmac("sha256", secret).update(user).digest("hex");
    names.known.set(user, name);
  }
  return env.PROFILES.get(env.PROFILES.idFromName(name));
}

/** Names worked out of late: a user comes back soon, and the hash costs more than the rest of a look-up. */
const MOST_NAMES = 10_000;
let names = { secret: "", known: new Map<string, string>() };

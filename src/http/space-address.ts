import { ANONYMOUS, isProfileId } from "../events/validate.ts";
import type { Context } from "./context.ts";
import type { Result } from "./problems.ts";

/** Whose profile a path of the Profile API names. */
export interface Address {
  /** The profile's id. */
  user: string;
}

/** The profile of a request's path, `…/collections/:collection/profiles/:profile`; the id may hold further colons. */
export function addressOf(c: Context): Result<Address> {
  const { collection, profile = "" } = c.req.param();
  if (collection !== "users") return { ok: false, failure: { code: "collection-unknown" } };
  const colon = profile.indexOf(":");
  const type = profile.slice(0, Math.max(colon, 0));
  const id = profile.slice(colon + 1);
  if (type !== "user_id" && type !== "anonymous_id")
    return { ok: false, failure: { code: "id-type-unknown" } };
  const user = type === "user_id" ? id : ANONYMOUS + id;
  // A user's id never starts as those of anonymous profiles do, which have a type of their own here.
  const isReserved = type === "user_id" && id.startsWith(ANONYMOUS);
  return isReserved || !isProfileId(user)
    ? { ok: false, failure: { code: "profile-unknown" } }
    : { ok: true, value: { user } };
}

/** The id of a profile as the Profile API writes it. */
export function externalId(profile: string) {
  const isAnonymous = profile.startsWith(ANONYMOUS);
  return {
    collection: "users",
    type: isAnonymous ? "anonymous_id" : "user_id",
    id: isAnonymous ? profile.slice(ANONYMOUS.length) : profile,
    encoding: "none",
  };
}

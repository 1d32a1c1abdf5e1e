import { Hono } from "hono";
import * as v from "valibot";
import { isProfileId } from "../events/validate.ts";
import type { ReadOptions } from "../profile/contract.ts";
import { answerText } from "./answer.ts";
import type { App } from "./context.ts";
import { ask } from "./objects.ts";
import { problem } from "./problems.ts";
import { readQuery, Time } from "./query.ts";

/** The top-level members of a profile. */
export const PROFILE_FIELDS = [
  "id",
  "version",
  "asOf",
  "definition",
  "digest",
  "events",
  "firstSeen",
  "lastSeen",
  "traits",
  "numbers",
  "interests",
  "windows",
  "scores",
  "quality",
  "merged",
  "merging",
  "refolding",
] as const;

/** A query parameter that names some of them. */
export const Fields = v.pipe(
  v.string(),
  v.transform((text) => text.split(",")),
  v.array(
    v.picklist(PROFILE_FIELDS, `of ${PROFILE_FIELDS.join(", ")}, some are expected, joined with commas`),
  ),
);

export const ProfileRequest = v.strictObject({ at: v.optional(Time), fields: v.optional(Fields) });

/** `GET /v1/profiles/:id`: the profile as it is now, or as it reads at `at`; all of it, or some `fields`. */
export const profiles = new Hono<App>().get("/v1/profiles/:id", async (c) => {
  const query = readQuery(c, ProfileRequest);
  if (!query.ok) return problem(c, query.failure);
  const { at, fields } = query.value;
  const id = c.req.param("id");
  if (!isProfileId(id)) return problem(c, { code: "profile-unknown" });

  const ifVersion = readVersion(c.req.header("If-None-Match"));
  // Nearly all reads ask for the whole profile as it is now, and arguments of a call cost their copies.
  const isPlain = at === undefined && fields === undefined && ifVersion === undefined;
  const options: ReadOptions | undefined = isPlain
    ? undefined
    : {
        ...(at === undefined ? {} : { at }),
        ...(fields === undefined ? {} : { fields }),
        ...(ifVersion === undefined ? {} : { ifVersion }),
      };
  let reader = id;
  const asked = await ask(c, id, (profile, user) => {
    reader = user;
    if (options === undefined) return profile.read();
    // A version is one of this profile, not of the one that it was merged into.
    if (user !== id) delete options.ifVersion;
    return profile.read(options);
  });
  if (!asked.ok) return problem(c, asked.failure);
  const read = asked.value;
  if (typeof read === "string") {
    const space = read.indexOf(" ");
    return answerText(c, read.slice(space + 1), 200, {
      "Content-Type": "application/json",
      ...(reader === id ? { ETag: `"${read.slice(0, space)}"` } : {}),
      "Cache-Control": "private, no-cache",
    });
  }
  if (read.status === "unknown") return problem(c, { code: "profile-unknown" });
  if (read.status === "forgotten") return problem(c, { code: "profile-forgotten", parameter: "at" });
  const headers = {
    ...(reader === id ? { ETag: `"${read.version}"` } : {}),
    "Cache-Control": "private, no-cache",
  };
  return answerText(c, null, 304, headers);
});

/** The version of an entity tag that this route gave; of several, the first. */
function readVersion(header: string | undefined): number | undefined {
  const found = /^(?:W\/)?"([0-9]{1,15})"/.exec(header?.trim() ?? "");
  return found === null ? undefined : Number(found[1]);
}

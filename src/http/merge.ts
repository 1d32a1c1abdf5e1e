import { Hono } from "hono";
import * as v from "valibot";
import { isProfileId } from "../events/validate.ts";
import { answer } from "./answer.ts";
import type { App, Context } from "./context.ts";
import { readJson } from "./json-body.ts";
import { ask } from "./objects.ts";
import { problem, type Result } from "./problems.ts";

const FROM = "the id of the profile to merge into this one, such as anonymous:<anonymousId>, is expected";
const Body = v.strictObject(
  { from: v.pipe(v.string(FROM), v.check(isProfileId, FROM)) },
  "an object with from, and nothing else, is expected",
);

export const merge = new Hono<App>();

/**
 * `POST /v1/profiles/:id/merge`: from now on `from` is part of this profile. Its history follows by itself: `moving`
 * until all is here.
 */
merge.post("/v1/profiles/:id/merge", async (c) => {
  const body = await readJson(c, Body);
  if (!body.ok) return problem(c, body.failure);
  const { from } = body.value;
  const id = c.req.param("id");
  if (!isProfileId(id)) return problem(c, { code: "profile-unknown" });

  const asked = await ask(c, from, (profile) => profile.merge(from, id));
  if (!asked.ok) return problem(c, asked.failure);
  const result = asked.value;
  switch (result.status) {
    case "merged":
      return answer(c, { status: "merged", from, into: result.into, moving: result.moving });
    case "same":
      return answer(c, { status: "same", from, into: id, moving: false });
    case "refused":
      return problem(c, { code: "merge-limit", detail: result.detail });
    case "waiting":
      return problem(c, { code: "merging" });
    case "already": {
      const [own, other] = await Promise.all([rootOf(c, from), rootOf(c, id)]);
      if (!own.ok) return problem(c, own.failure);
      if (!other.ok) return problem(c, other.failure);
      if (own.value !== other.value) return problem(c, { code: "merge-conflict", pointer: "/from" });
      return answer(c, { status: "already", from, into: result.into, moving: false });
    }
  }
});

/**
 * `POST /v1/profiles/:id/unmerge`: the profile `id`, which was merged into another one, is by itself again, with
 * everything that was ever sent to it, and the other one as if it had never been part of it.
 */
merge.post("/v1/profiles/:id/unmerge", async (c) => {
  const id = c.req.param("id");
  if (!isProfileId(id)) return problem(c, { code: "profile-unknown" });
  const asked = await ask(c, id, (profile, at) => profile.unmerge(at, id));
  if (!asked.ok) return problem(c, asked.failure);
  const result = asked.value;
  switch (result.status) {
    case "unmerged": {
      const { from, members, moving } = result;
      return answer(c, { status: "unmerged", id, from, members, moving });
    }
    case "not-merged":
      return problem(c, { code: "not-merged" });
    case "waiting":
      return problem(c, { code: "merging" });
  }
});

/** Which profile keeps this one. */
async function rootOf(c: Context, id: string): Promise<Result<string>> {
  let root = id;
  const asked = await ask(c, id, (profile, at) => {
    root = at;
    return profile.standing(at);
  });
  return asked.ok ? { ok: true, value: root } : asked;
}

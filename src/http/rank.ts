import { Hono } from "hono";
import * as v from "valibot";
import type { JsonObject } from "../events/event.ts";
import { inspect } from "../events/inspect.ts";
import { isProfileId } from "../events/validate.ts";
import type { RankRequest } from "../profile/contract.ts";
import { answer } from "./answer.ts";
import type { App } from "./context.ts";
import { readJson } from "./json-body.ts";
import { ask } from "./objects.ts";
import { problem, type Result } from "./problems.ts";

const CANDIDATES = 1000;

// Each message is our own: valibot's quote what they received.
const NAME = "a string of 1 to 256 characters is expected";
const Name = v.pipe(v.string(NAME), v.minLength(1, NAME), v.maxLength(256, NAME));

const LIST = `an array of 1 to ${CANDIDATES} candidates is expected`;
const LIMIT = `a whole number from 1 to ${CANDIDATES} is expected`;
const CANDIDATE = "an object with id and properties, and nothing else, is expected";
const EXPLORE = "greedy, thompson or ucb is expected";
const SEED = "a whole number from 0 to 4294967295 is expected";
const REQUEST =
  "an object with candidates, and of limit, explain, model, explore and seed what is needed, is expected";

// Not a record: that would copy, and drop the keys it finds suspect.
export const Properties = v.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "a JSON object is expected",
);

export const RankBody = v.strictObject(
  {
    candidates: v.pipe(
      v.array(v.strictObject({ id: Name, properties: Properties }, CANDIDATE), LIST),
      v.minLength(1, LIST),
      v.maxLength(CANDIDATES, LIST),
    ),
    limit: v.optional(
      v.pipe(v.number(LIMIT), v.integer(LIMIT), v.minValue(1, LIMIT), v.maxValue(CANDIDATES, LIMIT)),
    ),
    explain: v.optional(v.boolean("true or false is expected"), false),
    model: v.optional(Name),
    explore: v.optional(v.picklist(["greedy", "thompson", "ucb"], EXPLORE)),
    seed: v.optional(
      v.pipe(v.number(SEED), v.integer(SEED), v.minValue(0, SEED), v.maxValue(4294967295, SEED)),
    ),
  },
  REQUEST,
);

/**
 * `POST /v1/profiles/:id/rank`: orders candidates by what the user is likely to do; an unknown user is an
 * empty one.
 */
export const rank = new Hono<App>().post("/v1/profiles/:id/rank", async (c) => {
  const body = await readJson(c, RankBody);
  if (!body.ok) return problem(c, body.failure);
  const id = c.req.param("id");
  if (!isProfileId(id)) return problem(c, { code: "profile-unknown" });
  const request = toRequest(body.value);
  if (!request.ok) return problem(c, request.failure);

  const asked = await ask(c, id, (profile) => profile.rank(request.value));
  if (!asked.ok) return problem(c, asked.failure);
  const result = asked.value;
  if (result.status === "no-model") {
    const detail =
      result.models.length === 0
        ? "The definition has no model, so nothing can be ranked."
        : `The definition has no such model; it has ${result.models.join(", ")}.`;
    return problem(c, {
      code: "model-unknown",
      detail,
      pointer: request.value.model === undefined ? "" : "/model",
    });
  }
  if (result.status === "too-many") {
    const detail = `At "/candidates" at most ${result.most} are expected with explore, for this model.`;
    return problem(c, { code: "body-invalid", detail, pointer: "/candidates" });
  }
  const { model, version, ranked } = result;
  // With the seed, whoever asked can have the same order again.
  return answer(c, { model, version, seed: request.value.explore?.seed, ranked });
});

function toRequest(body: v.InferOutput<typeof RankBody>): Result<RankRequest> {
  const { candidates, limit, explain, model, explore } = body;
  for (const [i, candidate] of candidates.entries()) {
    const fault = inspect({ id: candidate.id, properties: candidate.properties });
    if (fault !== undefined) {
      const pointer = `/candidates/${i}${fault.pointer}`;
      return { ok: false, failure: { code: "body-invalid", pointer, detail: fault.detail } };
    }
  }
  const seed = body.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const request = {
    candidates,
    limit: limit ?? candidates.length,
    explain,
    ...(model === undefined ? {} : { model }),
    ...(explore === undefined ? {} : { explore: { how: explore, seed } }),
  };
  return { ok: true, value: request };
}

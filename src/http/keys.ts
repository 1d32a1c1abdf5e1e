import { Hono } from "hono";
import * as v from "valibot";
import type { Revoked } from "../keys/contract.ts";
import { isKeyId, type Key, kindOf } from "../keys/key.ts";
import { EFFECTIVE_MS } from "../keys/revocations.ts";
import { keysObject } from "../keys/stub.ts";
import { answer } from "./answer.ts";
import { attempt } from "./attempt.ts";
import type { App } from "./context.ts";
import { readJson } from "./json-body.ts";
import { keyringOf } from "./keyring.ts";
import { logCode } from "./log.ts";
import { problem } from "./problems.ts";

const KEY = "a key of this deployment, or the id of one, is expected";
export const RevokeRequest = v.strictObject({ key: v.string(KEY) }, 'an object with "key" is expected');

/** Keys are minted by the CLI, which has the secret; here they are revoked. */
export const keys = new Hono<App>();

/** `POST /v1/keys/revoke`: a key, or the key of an id, is refused from now on here and within a minute everywhere. */
keys.post("/v1/keys/revoke", async (c) => {
  const body = await readJson(c, RevokeRequest);
  if (!body.ok) return problem(c, body.failure);
  const keyring = keyringOf(c.env);
  if (typeof keyring === "string") return problem(c, { code: "not-configured", detail: keyring });
  const { key: text } = body.value;
  const key: Pick<Key, "id" | "expires"> | undefined = isKeyId(text) ? { id: text } : keyring.find(text);
  if (key === undefined) {
    return problem(c, { code: "body-invalid", pointer: "/key", detail: `At "/key" ${KEY}.` });
  }

  const asked = await attempt(() => keysObject(c.env).revoke(key.id, key.expires));
  if (!asked.ok) {
    logCode(c, asked.code);
    return problem(c, { code: "keys-unavailable", detail: "The revoked keys cannot be reached now." });
  }
  if (asked.value === undefined) return problem(c, { code: "revocations-full" });
  keyring.revocations.add(key.id);
  const isOwn = key.id === c.get("keyId");
  return answer(
    c,
    {
      ...present(asked.value),
      effectiveWithinSeconds: EFFECTIVE_MS / 1000,
      ...(isOwn && {
        warning: "This is the key that the request was made with: the next one needs another.",
      }),
    },
    200,
    { "Cache-Control": "no-store" },
  );
});

/** `GET /v1/keys/revoked`: the revoked keys, newest first. */
keys.get("/v1/keys/revoked", async (c) => {
  const asked = await attempt(() => keysObject(c.env).revoked());
  if (!asked.ok) {
    logCode(c, asked.code);
    return problem(c, { code: "keys-unavailable", detail: "The revoked keys cannot be reached now." });
  }
  return answer(c, { data: asked.value.map(present) }, 200, { "Cache-Control": "no-store" });
});

function present({ id, revokedAt, expires }: Revoked) {
  return {
    id,
    kind: kindOf(id),
    revokedAt: new Date(revokedAt).toISOString(),
    ...(expires === undefined ? {} : { expiresAt: new Date(expires).toISOString() }),
  };
}

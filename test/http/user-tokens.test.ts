import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { request, send, someone, view } from "./client.ts";
import { claimsOf, tokenOf } from "./tokens.ts";

const ann = someone();
const now = () => Math.floor(Date.now() / 1000);
const DAY = 86_400;

beforeAll(async () => {
  await send(view(ann, "e1"));
});

/** What the edge says to a token that asks for the profile of ann. */
async function ask(token: string, bindings = env): Promise<string> {
  const response = await app.fetch(request("GET", `/v1/profiles/${ann}`, { key: token }), bindings);
  if (response.ok) return String(response.status);
  const { type, detail }: { type: string; detail: string } = await response.json();
  return `${response.status} ${type.replace("/problems/", "")}: ${detail}`;
}

const part = (value: object) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const text = (bytes: string) => new TextEncoder().encode(bytes);
const UNSIGNED = "401 token-invalid: The token is not signed as this deployment expects.";

describe("a user token", () => {
  it("reads the profile of its user", async () => {
    expect(await ask(await tokenOf(ann))).toBe("200");
    expect(await ask(await tokenOf(ann, { aud: ["other", "limn-tests"] }))).toBe("200");
    expect(await ask(await tokenOf(ann, { iat: now() + 5, nbf: now() + 5 }))).toBe("200");
  });

  it("of an anonymous profile opens nothing of the user that it became part of", async () => {
    const [device, user] = [someone(), someone()];
    await send({ id: "a", anonymousId: device, event: "E" });
    const token = await tokenOf(`anonymous:${device}`);
    const path = `/v1/profiles/anonymous:${device}`;
    expect((await app.fetch(request("GET", path, { key: token }), env)).status).toBe(200);
    await send({ id: "i", userId: user, anonymousId: device, event: "Identify" });
    expect((await app.fetch(request("GET", path), env)).status).toBe(200);
    expect((await app.fetch(request("GET", path, { key: token }), env)).status).toBe(404);
  });

  const claim = (name: string) =>
    `401 token-invalid: The claim "${name}" is missing or not what is expected.`;
  const EXPIRED = "401 token-invalid: The token has expired, or is older than a day.";
  const refusals: [string, Record<string, unknown>, string][] = [
    ["expired", { exp: now() - 60 }, EXPIRED],
    ["without an end", { exp: undefined }, claim("exp")],
    ["without a beginning", { iat: undefined }, claim("iat")],
    ["older than a day, whatever its exp says", { iat: now() - DAY - 60, exp: now() + DAY }, EXPIRED],
    ["of the future", { iat: now() + 3600 }, claim("iat")],
    ["not yet valid", { nbf: now() + 3600 }, claim("nbf")],
    ["of another audience", { aud: "other" }, claim("aud")],
    ["without an audience", { aud: undefined }, claim("aud")],
    ["of another issuer", { iss: "https://issuer.test.evil" }, claim("iss")],
    ["without an issuer", { iss: undefined }, claim("iss")],
    ["without a user", { sub: undefined }, claim("sub")],
    ["of a user that cannot be one", { sub: "" }, '401 token-invalid: The claim "sub" is not a profile id.'],
    [
      "of a user id that is too long",
      { sub: "x".repeat(1000) },
      '401 token-invalid: The claim "sub" is not a profile id.',
    ],
    ["that is too long", { sub: "x".repeat(5000) }, "401 token-invalid: The token is too long."],
    ["without a scope", { scope: undefined }, "403 token-scope: The user token may not do this."],
    [
      "with scopes of other services",
      { scope: "reader READ write *" },
      "403 token-scope: The user token may not do this.",
    ],
  ];
  it.each(refusals)("%s is refused", async (_, claims, expected) => {
    expect(await ask(await tokenOf(ann, claims))).toBe(expected);
  });

  it("is refused with another secret, without a signature, or with any part changed", async () => {
    const token = await tokenOf(ann);
    const [head = "", body = "", signature = ""] = token.split(".");
    const bob = part(claimsOf("bob"));
    expect(await ask(await tokenOf(ann, {}, "another secret that tokens are signed with"))).toBe(UNSIGNED);
    for (const none of ["none", "None", "NONE", "nOnE"]) {
      expect(await ask(`${part({ alg: none })}.${body}.`)).toBe(UNSIGNED);
      expect(await ask(`${part({ alg: none })}.${body}.${signature}`)).toBe(UNSIGNED);
    }
    for (const spoilt of [
      `${head}.${body}.`,
      `${head}.${bob}.${signature}`,
      `${part({ alg: "HS512" })}.${body}.${signature}`,
      `${part({ alg: "HS256", crit: ["x"], x: 1 })}.${body}.${signature}`,
      `.${body}.${signature}`,
      `${head}..${signature}`,
      "..",
    ]) {
      expect(await ask(spoilt)).toBe(UNSIGNED);
    }
  });

  it("is refused when the deployment takes none", async () => {
    const without = { ...env, USER_TOKEN_SECRET: "" };
    expect(await ask(await tokenOf(ann), without)).toBe(
      "401 token-invalid: This deployment takes no user tokens.",
    );
  });
});

describe("user tokens by public keys", () => {
  const make = async (alg: "RS256" | "ES256" | "EdDSA", kid: string) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), alg, kid };
    const sign = (header: object = {}) =>
      new SignJWT(claimsOf(ann)).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
    return { jwk, sign, publicKey };
  };
  const taking = (...keys: object[]) => {
    const { USER_TOKEN_SECRET: _, ...others } = env;
    return { ...others, USER_TOKEN_JWKS: JSON.stringify({ keys }) };
  };

  it.each(["RS256", "ES256", "EdDSA"] as const)(
    "of %s are accepted, and those of another key are not",
    async (alg) => {
      const key = await make(alg, "k1");
      const other = await make(alg, "k1");
      const bindings = taking(key.jwk);
      expect(await ask(await key.sign(), bindings)).toBe("200");
      expect(await ask(await other.sign(), bindings)).toBe(UNSIGNED);
      expect(await ask(await key.sign({ kid: "k2" }), bindings)).toBe(UNSIGNED);
      expect(await ask(await tokenOf(ann), bindings)).toBe(UNSIGNED);
    },
  );

  it("can be changed over: the key is found by its kid", async () => {
    const [old, next] = [await make("ES256", "old"), await make("EdDSA", "next")];
    const both = taking(old.jwk, next.jwk);
    expect(await ask(await old.sign(), both)).toBe("200");
    expect(await ask(await next.sign(), both)).toBe("200");
    expect(await ask(await old.sign(), taking(next.jwk))).toBe(UNSIGNED);
  });

  it("cannot be forged by taking the public key for a secret", async () => {
    const key = await make("RS256", "k1");
    const bindings = taking(key.jwk);
    const { n = "", ...rest } = key.jwk;
    const secrets = [JSON.stringify(key.jwk), JSON.stringify({ ...rest, n }), n, bindings.USER_TOKEN_JWKS];
    for (const secret of secrets) {
      const forged = new SignJWT(claimsOf(ann))
        .setProtectedHeader({ alg: "HS256", kid: "k1" })
        .sign(text(secret));
      expect(await ask(await forged, bindings)).toBe(UNSIGNED);
    }
  });

  it("cannot bring a key of their own", async () => {
    const key = await make("ES256", "k1");
    const own = await make("ES256", "k1");
    for (const header of [
      { jwk: own.jwk },
      { jku: "https://evil.test/jwks" },
      { x5u: "https://evil.test" },
    ]) {
      expect(await ask(await own.sign(header), taking(key.jwk))).toBe(UNSIGNED);
    }
  });

  it("close the edge when the set is not one of public keys that state what they are for", async () => {
    const { jwk } = await make("ES256", "k1");
    const { alg: _, ...unstated } = jwk;
    const odd = [
      [],
      [unstated],
      [{ ...jwk, alg: "HS256" }],
      [{ ...jwk, alg: "RS256" }],
      [{ kty: "oct", k: "c2VjcmV0", alg: "HS256" }],
    ];
    for (const keys of odd) {
      expect(await ask(await tokenOf(ann), taking(...keys))).toBe(
        "503 not-configured: USER_TOKEN_JWKS is not a JWK set with alg ES256, RS256 or EdDSA in each key.",
      );
    }
  });
});

import { env } from "cloudflare:workers";
import { type JWTPayload, SignJWT } from "jose";

const now = () => Math.floor(Date.now() / 1000);

/** What the tests' deployment expects of a token of `user`. */
export const claimsOf = (user: string, claims: Record<string, unknown> = {}): JWTPayload => ({
  iss: "https://issuer.test",
  aud: "limn-tests",
  sub: user,
  iat: now(),
  exp: now() + 3600,
  scope: "read live",
  ...claims,
});

/** A token of `user`, as the application's own server would issue it; `claims` replace its own, undefined removes one. */
export function tokenOf(
  user: string,
  claims: Record<string, unknown> = {},
  secret = env.USER_TOKEN_SECRET ?? "",
) {
  const kept = JSON.parse(JSON.stringify(claimsOf(user, claims)));
  return new SignJWT(kept).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { afterAll, describe, expect, it } from "vitest";
import { mintKey, verifyKey } from "../../src/keys/key.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const SECRET = "the secret that the keys of this edge are made of";
const folder = mkdtempSync(join(tmpdir(), "limn-issue-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `limn …` where there is no `.dev.vars`. */
function limn(args: string[], env: Record<string, string> = { LIMN_KEY_SECRET: SECRET }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...env, NO_COLOR: "1" },
  });
  return { status, stdout: stdout.trim(), stderr };
}

describe("limn keys create", () => {
  it("prints a key that the secret verifies, and nothing else", () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const pages = ["--origin", "https://shop.example", "--origin", "http://localhost:3000"];
    const { stdout, status } = limn([
      "keys",
      "create",
      "--kind",
      "write",
      "--name",
      "web shop",
      ...pages,
      "--expires",
      "90d",
    ]);
    expect(status).toBe(0);
    const key = verifyKey(stdout, [SECRET]);
    expect(key).toMatchObject({
      kind: "write",
      name: "web shop",
      origins: ["https://shop.example", "http://localhost:3000"],
    });
    expect((key?.expires ?? 0) - before).toBeGreaterThanOrEqual(90 * 86_400_000);
    expect((key?.expires ?? 0) - before).toBeLessThan(90 * 86_400_000 + 60_000);
  });

  it.each([
    ["no kind", ["keys", "create"], "--kind"],
    ["another kind", ["keys", "create", "--kind", "read"], "write, secret"],
    ["an origin with a path", ["keys", "create", "--kind", "write", "--origin", "https://a.test/"], "origin"],
    ["an origin of no page", ["keys", "create", "--kind", "write", "--origin", "ftp://a.test"], "origin"],
    [
      "a time that is over",
      ["keys", "create", "--kind", "write", "--expires", "2020-01-01T00:00:00Z"],
      "to come",
    ],
    [
      "a secret key for pages",
      ["keys", "create", "--kind", "secret", "--origin", "https://a.test"],
      "not for pages",
    ],
  ])("says what is wrong with %s", (_, args, said) => {
    const { status, stdout, stderr } = limn(args);
    expect(status).not.toBe(0);
    expect(stdout).toBe("");
    expect(stderr).toContain(said);
  });

  it("says where the secret can come from, and that it is too short", () => {
    expect(limn(["keys", "create", "--kind", "write"], {}).stderr).toContain("LIMN_KEY_SECRET");
    const { status, stderr } = limn(["keys", "create", "--kind", "write"], { LIMN_KEY_SECRET: "short" });
    expect(status).toBe(2);
    expect(stderr).toContain("shorter than 32");
  });
});

describe("limn keys show", () => {
  const key = mintKey(SECRET, {
    kind: "secret",
    name: "crm",
    created: Date.UTC(2026, 0, 2),
    expires: Date.UTC(2026, 1, 3),
  });

  it("tells what a key says, and whether the secret here made it", () => {
    expect(limn(["keys", "show", key]).stdout.split("\n")).toEqual([
      `id       ${key.slice(0, 20)}`,
      "kind     secret",
      "name     crm",
      "created  2026-01-02T00:00:00.000Z",
      expect.stringMatching(/^expires {2}2026-02-03T00:00:00.000Z/),
      "origins  any",
      "made by  the KEY_SECRET here",
    ]);
    expect(limn(["keys", "show", key], { LIMN_KEY_SECRET: `${SECRET}!` }).stdout).toContain("another secret");
    expect(limn(["keys", "show", key], {}).stdout).toContain("unknown");
    expect(limn(["keys", "show", "nonsense"]).stderr).toContain("not a key");
  });
});

describe("limn tokens create", () => {
  const variables = {
    LIMN_USER_TOKEN_SECRET: "the secret that user tokens are signed with",
    LIMN_USER_TOKEN_ISSUER: "https://issuer.test",
    LIMN_USER_TOKEN_AUDIENCE: "limn",
  };

  it("prints a token of a user, with its scopes and its end", async () => {
    const args = ["tokens", "create", "--user", "ann", "--scope", "read,live", "--ttl", "15m"];
    const { stdout } = limn(args, variables);
    const secret = new TextEncoder().encode(variables.LIMN_USER_TOKEN_SECRET);
    const { payload } = await jwtVerify(stdout, secret, { issuer: "https://issuer.test", audience: "limn" });
    expect(payload).toMatchObject({ sub: "ann", scope: "read live" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
  });

  it("says what is wrong with what it was given", () => {
    expect(limn(["tokens", "create", "--user", "ann", "--ttl", "2d"], variables).stderr).toContain(
      "a day at most",
    );
    expect(limn(["tokens", "create", "--user", "ann", "--scope", "write"], variables).stderr).toContain(
      "read,live",
    );
    expect(limn(["tokens", "create", "--user", "ann"], {}).stderr).toContain("USER_TOKEN_SECRET");
  });
});

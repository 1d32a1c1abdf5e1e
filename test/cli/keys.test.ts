import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureKeys, findKey } from "../../src/cli/keys.ts";
import { verifyKey } from "../../src/keys/key.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "limn-keys-"));
  vi.stubEnv("LIMN_WRITE_KEY", "");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

describe("findKey", () => {
  it("takes the key given, else that of the environment, else that of .dev.vars", () => {
    writeFileSync(join(folder, ".dev.vars"), "# local\nWRITE_KEY=from-file\n");
    expect(findKey("write", undefined, folder)).toBe("from-file");
    vi.stubEnv("LIMN_WRITE_KEY", "from-environment");
    expect(findKey("write", undefined, folder)).toBe("from-environment");
    expect(findKey("write", "given", folder)).toBe("given");
  });

  it("says where a missing key can come from", () => {
    expect(() => findKey("write", undefined, folder)).toThrow(
      expect.objectContaining({
        message: "there is no write key",
        remedy: expect.stringContaining("LIMN_WRITE_KEY"),
      }),
    );
  });
});

describe("ensureKeys", () => {
  const file = () => join(folder, ".dev.vars");
  const opens = (keys: Record<string, string>) =>
    [keys.WRITE_KEY, keys.SECRET_KEY].map((key) => verifyKey(key ?? "", [keys.KEY_SECRET ?? ""])?.kind);

  beforeEach(() => copyFileSync(".dev.vars.example", join(folder, ".dev.vars.example")));

  it("makes secrets and keys of them once, for the owner's eyes, and keeps them", () => {
    const { created, file, keys } = ensureKeys(folder);
    expect(created).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const secrets = [keys.KEY_SECRET, keys.ID_SECRET, keys.USER_TOKEN_SECRET];
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/);
    expect(new Set(secrets).size).toBe(3);
    expect(opens(keys)).toEqual(["write", "secret"]);
    expect(ensureKeys(folder)).toEqual({ created: false, file, keys });
    expect(readFileSync(file, "utf8")).toContain("# ");
  });

  it("completes a file of before there were minted keys, and leaves the rest as it is", () => {
    writeFileSync(file(), "# mine\nWRITE_KEY=old\nSECRET_KEY=older\nID_SECRET=kept\nDEFINITION=x");
    const { created, keys } = ensureKeys(folder);
    expect(created).toBe(false);
    expect(keys).toMatchObject({ ID_SECRET: "kept", DEFINITION: "x" });
    expect(opens(keys)).toEqual(["write", "secret"]);
    expect(readFileSync(file(), "utf8")).toMatch(/^# mine\nWRITE_KEY=limn_wk_/);
    expect(ensureKeys(folder).keys).toEqual(keys);
  });

  it("completes a file of before there were user tokens, and leaves what is there", () => {
    const { keys } = ensureKeys(folder);
    const text = readFileSync(file(), "utf8");
    const before = text.replace(/^USER_TOKEN_.*\n/gm, "");
    writeFileSync(file(), before);
    const { created, keys: after } = ensureKeys(folder);
    expect(created).toBe(false);
    const { USER_TOKEN_SECRET } = after;
    expect(USER_TOKEN_SECRET).toMatch(/^[\w-]{43}$/);
    expect(after).toEqual({ ...keys, USER_TOKEN_SECRET });
    expect(readFileSync(file(), "utf8").startsWith(before)).toBe(true);
    expect(ensureKeys(folder).keys).toEqual(after);
  });

  it("keeps what a file says of user tokens, and adds the rest", () => {
    const mine = {
      USER_TOKEN_SECRET: "mine, and long enough to be a secret",
      USER_TOKEN_ISSUER: "https://me",
    };
    writeFileSync(
      file(),
      Object.entries(mine)
        .map(([name, value]) => `${name}="${value}"\n`)
        .join(""),
    );
    expect(ensureKeys(folder).keys).toMatchObject({ ...mine, USER_TOKEN_AUDIENCE: "limn" });
  });

  it("adds no secret for user tokens beside public keys, with which an edge would not start", () => {
    const jwks = `USER_TOKEN_JWKS='{"keys":[]}'\nUSER_TOKEN_SECRET=\n`;
    writeFileSync(file(), jwks);
    const { keys } = ensureKeys(folder);
    expect(Object.keys(keys).filter((name) => name.startsWith("USER_TOKEN"))).toEqual(["USER_TOKEN_JWKS"]);
    expect(readFileSync(file(), "utf8").startsWith(jwks)).toBe(true);
    expect(opens(keys)).toEqual(["write", "secret"]);
  });

  it("mints keys anew when the secret was changed", () => {
    const { keys } = ensureKeys(folder);
    const text = readFileSync(file(), "utf8");
    writeFileSync(file(), text.replace(/^KEY_SECRET=.*$/m, "KEY_SECRET=another secret that is long enough"));
    const { keys: after } = ensureKeys(folder);
    expect(opens(after)).toEqual(["write", "secret"]);
    expect(after.WRITE_KEY).not.toBe(keys.WRITE_KEY);
    expect(after.ID_SECRET).toBe(keys.ID_SECRET);
  });
});

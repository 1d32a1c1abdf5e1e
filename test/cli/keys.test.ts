import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureKeys, findKey } from "../../src/cli/keys.ts";

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
  it("makes keys of their own once, for the owner's eyes, and keeps them", () => {
    copyFileSync(".dev.vars.example", join(folder, ".dev.vars.example"));
    const { created, file, keys } = ensureKeys(folder);
    expect(created).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const values = [keys.WRITE_KEY, keys.SECRET_KEY, keys.ID_SECRET];
    for (const value of values) expect(value).toMatch(/^[\w-]{32}$/);
    expect(new Set(values).size).toBe(3);
    expect(ensureKeys(folder)).toEqual({ created: false, file, keys });
    expect(readFileSync(file, "utf8")).toContain("# ");
  });
});

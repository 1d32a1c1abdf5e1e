import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

describe("the commands of the README", () => {
  it("deploy: wrangler takes the Worker as it is, within its size", () => {
    const folder = mkdtempSync(join(tmpdir(), "limn-deploy-"));
    const printed = run(join(ROOT, "node_modules/.bin/wrangler"), "deploy", "--dry-run", "--outdir", folder);
    expect(printed).toContain("--dry-run: exiting now");
    expect(gzipSync(readFileSync(join(folder, "worker.js"))).length).toBeLessThan(100 * 1024);
    rmSync(folder, { recursive: true });
  });

  it("the kernel is small", () => {
    expect(statSync(join(ROOT, "build/kernel.wasm")).size).toBeLessThan(32 * 1024);
  });

  it("demo: streams a shop's week in, draws profiles, ranks, and ends", () => {
    const printed = run(process.execPath, join(ROOT, "src/cli/demo.ts"), "--once");
    expect(printed).toContain("SCORES");
    expect(printed).toContain("RANKED BY PURCHASE");
    expect(printed).toContain("TRY NEXT");
  });

  it("limn: runs under the Node of package.json, whatever Node starts it", () => {
    const { status, stdout } = spawnSync(process.execPath, ["bin/limn.js", "--help"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(status).toBe(0);
    for (const command of ["replay", "show", "train", "evaluate", "keys", "tokens"])
      expect(stdout).toContain(command);
  });

  it("serve: the bundle holds no eval and no native code", async () => {
    const { outputFiles } = await build({
      entryPoints: [join(ROOT, "src/worker.ts")],
      bundle: true,
      format: "esm",
      write: false,
      outdir: "unused",
      external: ["cloudflare:*", "node:*", "*.wasm"],
      logLevel: "silent",
    });
    const [worker] = outputFiles;
    expect(worker?.text).not.toMatch(/\beval\(|new Function\(|\.node"/);
  });
});

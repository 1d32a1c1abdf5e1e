#!/usr/bin/env node
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [major, minor] = process.versions.node.split(".").map(Number);
const main = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "../src/cli/main.ts");

if (major > 22 || (major === 22 && minor >= 18)) {
  await import(main);
} else {
  // An older Node cannot run TypeScript: the project brings a newer one as the package "node".
  const require = createRequire(import.meta.url);
  const node = join(dirname(require.resolve("node/package.json")), "bin/node");
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends Ctrl-C to the child as well; the parent only has to outlive it.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(
      `limn: ${error.message}\n  Node 22.18 or newer is needed: run npm install, or use a newer node.`,
    );
    process.exit(2);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

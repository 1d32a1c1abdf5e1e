import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureKeys } from "../src/cli/keys.ts";
import { runCommand, UserError } from "../src/data/user-error.ts";
import { bundle } from "./bundle.ts";
import { interrupted, startEdge } from "./edge.ts";

const ROOT = join(import.meta.dirname, "..");
const PORT = 8787;

await runCommand(async () => {
  const { file, created, keys } = ensureKeys(ROOT);
  if (!existsSync(join(ROOT, "build/kernel.wasm")))
    throw new UserError("build/kernel.wasm is missing", "Run npm run build.");
  await bundle();
  const directory = join(ROOT, ".limn");
  const port = Number(process.env.PORT ?? PORT);
  const edge = await startEdge({ port, directory, env: { ...keys, ...chosen() } }).catch((error: Error) => {
    throw new UserError(
      error.message,
      `If port ${port} is taken, end what runs there, or choose another: PORT=8788 npm run serve.`,
    );
  });
  console.log(`Limn answers at ${edge.url}`);
  console.log(`  keys      ${file}${created ? " (new)" : ""}`);
  console.log(`  profiles  ${directory}`);
  console.log("Ctrl-C ends it.");
  await Promise.race([interrupted(), new Promise((resolve) => edge.process.once("exit", resolve))]);
  // Ctrl-C in a terminal reaches workerd as well: that is no failure.
  const { exitCode, signalCode } = edge.process;
  if (exitCode || (signalCode !== null && signalCode !== "SIGINT")) {
    throw new UserError(
      `workerd ended by itself (${signalCode ?? exitCode})`,
      "What it printed above says why.",
    );
  }
  await edge.stop();
});

/** What the caller's environment says of definition, prior and retention: it goes before `.dev.vars`. */
function chosen(): Record<string, string> {
  const names = [
    "DEFINITION",
    "PRIOR",
    "RETENTION_EVENTS",
    "RETENTION_DAYS",
    "FAILURES_DAYS",
    "LIVE_ORIGINS",
  ];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

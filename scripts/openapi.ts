// Writes openapi.json, the document of the API, from the schemas that validate requests: `npm run openapi`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/**
 * The text of the document. It is made of files of the Worker, whose imports only its runtime has: they are bundled with
 * nothing in the place of those, for nothing of them runs.
 */
export async function generateDocument(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "limn-openapi-"));
  try {
    const outfile = join(directory, "document.mjs");
    await build({
      entryPoints: [join(ROOT, "src/openapi/document.ts")],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node22",
      logLevel: "warning",
      plugins: [
        {
          name: "runtime",
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /^cloudflare:|\.wasm$/ }, ({ path }) => ({ path, namespace: "runtime" }));
            onLoad({ filter: /.*/, namespace: "runtime" }, () => ({
              contents: "module.exports = {}",
              loader: "js",
            }));
          },
        },
      ],
    });
    const { makeDocument }: { makeDocument: () => unknown } = await import(pathToFileURL(outfile).href);
    return `${JSON.stringify(makeDocument(), null, 2)}\n`;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(ROOT, "openapi.json"), await generateDocument());
}

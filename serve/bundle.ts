import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

export interface BundleOptions {
  /** From the root of the repository; the Worker without it. */
  entry?: string;
  /** Where `build/worker.js` is put; the root of the repository without it. */
  directory?: string;
  minify?: boolean;
}

/** Bundles a Worker into `build/worker.js`, beside the kernel that it imports as `./kernel.wasm`. */
export async function bundle({
  entry = "src/worker.ts",
  directory = ROOT,
  minify = false,
}: BundleOptions = {}): Promise<void> {
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile: join(directory, "build/worker.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    minify,
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
    plugins: [
      {
        name: "kernel",
        setup({ onResolve }) {
          onResolve({ filter: /\/kernel\.wasm$/ }, () => ({ path: "./kernel.wasm", external: true }));
        },
      },
    ],
  });
}

if (process.argv[1] === import.meta.filename) await bundle();

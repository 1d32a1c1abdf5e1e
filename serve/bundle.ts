import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/** Bundles the Worker into `build/worker.js`, beside the kernel that it imports as `./kernel.wasm`. */
export async function bundle(options: { minify?: boolean } = {}): Promise<void> {
  await build({
    entryPoints: [join(ROOT, "src/worker.ts")],
    outfile: join(ROOT, "build/worker.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    minify: options.minify ?? false,
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

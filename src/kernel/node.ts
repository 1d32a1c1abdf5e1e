import { readFileSync } from "node:fs";
import { compileKernel } from "./instance.ts";

let compiled: WebAssembly.Module | undefined;

/** The built kernel, for Node: the command line, tests and benches. The Worker's bundle brings its own. */
export function loadKernel(): WebAssembly.Module {
  compiled ??= compileKernel(readFileSync(new URL("../../build/kernel.wasm", import.meta.url)));
  return compiled;
}

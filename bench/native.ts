import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Layout } from "../src/kernel/layout.ts";
import { differences } from "./native/differences.ts";

/** What the kernel folded, and what came of it. */
export interface NativeInput {
  params: Uint8Array;
  prior: Uint8Array;
  fresh: Uint8Array;
  records: Uint8Array;
  /** Records in `records`, and the events that they came from. */
  count: number;
  events: number;
  layout: Layout;
  /** `fresh` with `records` folded into it. */
  kernelState: Uint8Array;
}

const SOURCES = fileURLToPath(new URL("native/", import.meta.url));
const ROUNDS = 9;
/** For the processors that any server of today has; nothing that changes what a comparison with NaN means. */
const FLAGS = [
  "-std=gnu11",
  "-O3",
  process.arch === "x64" ? "-march=x86-64-v3" : "-mcpu=native",
  "-flto",
  "-fno-math-errno",
  "-fno-trapping-math",
];

/**
 * Events a second that the same fold does in C, compiled here; undefined where there is no gcc.
 * @throws when its state is not that of the kernel
 */
export async function benchNative(input: NativeInput): Promise<number | undefined> {
  if (spawnSync("gcc", ["--version"]).error !== undefined) {
    console.log("native: no gcc");
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "limn-native-"));
  try {
    const file = (name: string) => join(folder, name);
    writeFileSync(file("layout.h"), header(input.layout));
    for (const name of ["params", "prior", "fresh", "records"] as const)
      writeFileSync(file(name), input[name]);
    const sources = readdirSync(SOURCES).filter((name) => name.endsWith(".c"));
    const paths = sources.map((name) => join(SOURCES, name));
    execFileSync("gcc", [...FLAGS, `-I${folder}`, ...paths, "-lm", "-o", file("fold")]);
    const printed = execFileSync(file("fold"), [folder, String(input.count), String(ROUNDS)]);
    const { layout, params, kernelState } = input;
    const wrong = differences({
      layout,
      params,
      expected: kernelState,
      found: readFileSync(file("state")),
    });
    if (wrong.length > 0) {
      throw new Error(
        `the native fold is another one, in ${wrong.length} places: ${wrong.slice(0, 5).join("; ")}`,
      );
    }
    return input.events * Number(printed);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The kernel's constants for C. */
function header(layout: Layout): string {
  const lines = Object.entries(layout).map(([name, value]) => `  ${name} = ${value},`);
  return `enum {\n${lines.join("\n")}\n};\n`;
}

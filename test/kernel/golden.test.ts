import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDefinition } from "../../src/definition/schema.ts";
import { compileKernel } from "../../src/kernel/instance.ts";
import { KernelFold } from "./kernel.ts";

// Bits, not values: a refold on another machine must give the same state. These were made by the kernel itself on
// x86-64 (V8); what they guard is that they never change without a format version that says so.

/** The elementary functions alone, compiled as the kernel is. */
function mathModule(): Record<string, (...numbers: number[]) => number> {
  const folder = mkdtempSync(join(tmpdir(), "limn-math-"));
  const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  const out = join(folder, "math.wasm");
  const options = [
    "--optimizeLevel",
    "3",
    "--runtime",
    "stub",
    "--noAssert",
    "--use",
    "abort=",
    "--enable",
    "simd",
  ];
  execFileSync(process.execPath, [asc, "assembly/math/golden.ts", "--outFile", out, ...options]);
  const module = compileKernel(readFileSync(out));
  rmSync(folder, { recursive: true });
  return new WebAssembly.Instance(module, {}).exports as Record<string, (...numbers: number[]) => number>;
}

const bits = (x: number) => new BigUint64Array(Float64Array.of(x).buffer)[0]?.toString(16).padStart(16, "0");
const call = (name: string, ...numbers: number[]) => math[name]?.(...numbers) ?? Number.NaN;
const math = mathModule();

describe("elementary functions", () => {
  it("are within their stated error of the platform's", () => {
    for (let i = 0; i < 20_000; i++) {
      const x = -700 + i * 0.07;
      expect(Math.abs(call("exp", x) / Math.exp(x) - 1)).toBeLessThan(2 ** -50);
      const y = 2 ** (-1000 + i * 0.1);
      expect(Math.abs(call("log", y) - Math.log(y))).toBeLessThan(
        2 ** -50 * Math.max(1, Math.abs(Math.log(y))),
      );
      const z = 2 ** (-60 + i * 0.006);
      expect(Math.abs(call("log1p", z) / Math.log1p(z) - 1)).toBeLessThan(2 ** -49);
      const turn = i / 20_000;
      expect(Math.abs(call("sinTurn", turn) - Math.sin(2 * Math.PI * turn))).toBeLessThan(1e-12);
    }
  });

  it("have the same bits when two are taken together", () => {
    for (let i = 0; i < 20_000; i++) {
      const [x, y] = [2 ** (-60 + i * 0.008), (i * 7919) % 1000];
      expect(bits(call("log1pOfTwo", x, y, 0))).toBe(bits(call("log1p", x)));
      expect(bits(call("log1pOfTwo", x, y, 1))).toBe(bits(call("log1p", y)));
    }
  });

  it("have these bits", () => {
    expect(
      Object.fromEntries(
        [
          ["exp", 1],
          ["exp", -0.3],
          ["exp", 20.5],
          ["exp", -700],
          ["exp", 709],
          ["log", 2],
          ["log", 0.1],
          ["log", 1e300],
          ["log1p", 1e-10],
          ["log1p", 3],
          ["sinTurn", 0.3],
          ["sinTurn", 0.9],
        ].map(([name, x]) => [`${name}(${x})`, bits(call(String(name), Number(x)))]),
      ),
    ).toMatchSnapshot();
  });

  it("draw these random numbers from seed 42", () => {
    call("seed", 42);
    const numbers = Array.from({ length: 5 }, () => call("random") >>> 0);
    // Of mulberry32's published JavaScript, for the same seed.
    expect(numbers).toEqual([2581720956, 1925393290, 3661312704, 2876485805, 750819978]);
    call("seed", 42);
    expect(Array.from({ length: 3 }, () => bits(call("normal")))).toMatchSnapshot();
  });
});

describe("a fold of each learner", () => {
  const learners = [
    { kind: "sgd" },
    { kind: "adamw" },
    { kind: "ftrl" },
    { kind: "coin" },
    { kind: "bayes" },
    { kind: "mlp", hidden: 5, dropout: 0.2 },
    { kind: "ensemble", of: [{ kind: "bayes" }, { kind: "coin" }] },
  ];

  it.each(learners)("has these bytes: $kind", (learner) => {
    const fold = new KernelFold(
      parseDefinition({
        name: "golden",
        events: { view: { weight: 1 }, buy: { weight: 3 } },
        value: "price",
        numbers: { price: { path: "price", halfLife: "3d", outliers: { rule: "zscore" } } },
        interests: { kind: { path: "kind", keep: 4 } },
        windows: ["1h", "7d"],
        models: {
          m: {
            target: { examples: ["view", "buy"], positive: ["buy"] },
            features: [
              { kind: "number", path: "price", scale: "log" },
              { kind: "category", path: "kind", width: 4 },
              { kind: "affinity", dimension: "kind" },
              { kind: "count", window: "7d", event: "buy" },
              { kind: "recency", event: "buy" },
              { kind: "hour" },
            ],
            learner,
          },
        },
      }),
    );
    fold.fold(
      Array.from({ length: 500 }, (_, i) => ({
        id: `e${i}`,
        user: "u",
        name: (i * i * 31) % 7 < 3 ? "buy" : "view",
        time: 1_750_000_000_000 + i * 1_234_567,
        receivedAt: 0,
        properties: { price: ((i * 37) % 101) + 0.5, kind: "abcdefg"[(i * i) % 7] ?? "a" },
      })),
    );
    expect(createHash("sha256").update(fold.state.kernel).digest("hex")).toMatchSnapshot();
  });
});

import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// Three kinds of tests: in Node, in the real runtime, and against a served edge over HTTP.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: [
            "test/{events,definition,kernel,reference,cli,data,learning,conformance}/**/*.test.ts",
            "test/faults/simulation.test.ts",
            "test/faults/merging.test.ts",
          ],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                WRITE_KEY: "test-write-key",
                SECRET_KEY: "test-secret-key",
                ID_SECRET: "test-id-secret",
              },
            },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/{http,profile,failures}/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts", "test/faults/crash.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

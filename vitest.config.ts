import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { mintKey } from "./src/keys/key.ts";

const KEY_SECRET = "the tests' secret that keys are made of";

// Three kinds of tests: in Node, in the real runtime, and against a served edge over HTTP.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: [
            "test/{events,openapi,keys,definition,kernel,reference,cli,data,learning,conformance}/**/*.test.ts",
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
                KEY_SECRET,
                ID_SECRET: "test-id-secret",
                WRITE_KEY: mintKey(KEY_SECRET, { kind: "write" }),
                SECRET_KEY: mintKey(KEY_SECRET, { kind: "secret" }),
                USER_TOKEN_SECRET: "the tests' secret that user tokens are signed with",
                USER_TOKEN_ISSUER: "https://issuer.test",
                USER_TOKEN_AUDIENCE: "limn-tests",
              },
              ratelimits: { RATE_OF_THREE: { namespace_id: "3", simple: { limit: 3, period: 60 } } },
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

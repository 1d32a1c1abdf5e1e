import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startEdge } from "../../serve/edge.ts";
import { KEYS, serve, type TestEdge, TOKENS } from "./edge.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
let edge: TestEdge;
beforeAll(async () => {
  edge = await serve(undefined, TOKENS);
});
afterAll(() => edge.remove());

const limn = (...args: string[]) => {
  const variables = Object.entries({ ...KEYS, ...TOKENS }).map(([name, value]) => [`LIMN_${name}`, value]);
  const env = Object.fromEntries(variables);
  return execFileSync(process.execPath, [MAIN, ...args], { env, encoding: "utf8" }).trim();
};

const send = async (key: string, headers: Record<string, string> = {}) => {
  const event = { id: crypto.randomUUID(), userId: "ann", event: "Product Viewed", properties: { price: 7 } };
  const response = await fetch(`${edge.url}/v1/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
    body: JSON.stringify(event),
  });
  await response.arrayBuffer();
  return response.status;
};

const read = async (path: string, key: string) => {
  const response = await fetch(edge.url + path, { headers: { Authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
  return response.status;
};

it("a user token made by a command reads its own profile and no other", async () => {
  expect(await send(KEYS.WRITE_KEY)).toBe(200);
  const token = limn("tokens", "create", "--user", "ann");
  expect(await read("/v1/profiles/ann", token)).toBe(200);
  expect(await read("/v1/profiles/bob", token)).toBe(404);
  expect(await read("/v1/profiles/ann/events", token)).toBe(403);
});

it("keys are minted, used, revoked and listed by commands, and stay revoked over a restart", async () => {
  const origin = ["--origin", "https://shop.example"];
  const key = limn("keys", "create", "--kind", "write", ...origin, "--expires", "1h");
  expect(await send(key, { Origin: "https://shop.example" })).toBe(200);
  expect(await send(key)).toBe(403);

  expect(limn("keys", "revoke", key, "--url", edge.url)).toContain("refused everywhere within a minute");
  expect(await send(key, { Origin: "https://shop.example" })).toBe(401);
  expect(limn("keys", "revoked", "--url", edge.url)).toContain(key.slice(0, 20));

  const { port } = new URL(edge.url);
  await edge.stop();
  const env = { ...KEYS, ...TOKENS };
  const again = await startEdge({ port: Number(port), directory: edge.directory, env, quiet: true });
  expect(await send(key, { Origin: "https://shop.example" })).toBe(401);
  expect(await send(KEYS.WRITE_KEY)).toBe(200);
  await again.stop();
});

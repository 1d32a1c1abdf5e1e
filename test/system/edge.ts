import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../serve/bundle.ts";
import { type Edge, startEdge } from "../../serve/edge.ts";
import { Client } from "../../src/cli/client.ts";
import { newKeys } from "../../src/cli/keys.ts";

export const KEYS = newKeys();

/** What an edge needs to take user tokens. */
export const TOKENS = {
  USER_TOKEN_SECRET: "the secret that user tokens are signed with",
  USER_TOKEN_ISSUER: "https://issuer.test",
  USER_TOKEN_AUDIENCE: "limn",
};

export interface TestEdge extends Edge {
  client: Client;
  directory: string;
  /** Ends it and removes what it stored. */
  remove(): Promise<void>;
}

/** The built Worker, served as `npm run serve` does, on storage of its own. */
export async function serve(definition?: string, variables: Record<string, string> = {}): Promise<TestEdge> {
  await bundle();
  const directory = mkdtempSync(join(tmpdir(), "limn-edge-"));
  const edge = await startEdge({
    port: 0,
    directory,
    env: { ...KEYS, ...variables },
    quiet: true,
    ...(definition === undefined ? {} : { definition }),
  });
  const client = new Client({ url: edge.url, writeKey: KEYS.WRITE_KEY, secretKey: KEYS.SECRET_KEY });
  const remove = async () => {
    await edge.stop();
    rmSync(directory, { recursive: true });
  };
  return { ...edge, client, directory, remove };
}

/** Some members of a profile, as JSON. */
export async function readFields<T>(edge: TestEdge, user: string, query: string): Promise<T> {
  const response = await fetch(`${edge.url}/v1/profiles/${encodeURIComponent(user)}?${query}`, {
    headers: { Authorization: `Bearer ${KEYS.SECRET_KEY}` },
  });
  if (!response.ok) throw new Error(`the profile of ${user} was answered with ${response.status}`);
  const profile: T = await response.json();
  return profile;
}

/** Does `task` for each item, some at once. */
export async function forEach<T>(items: Iterable<T>, task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await task(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

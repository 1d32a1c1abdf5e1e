import * as v from "valibot";
import type { Engine } from "../src/profile/engine.ts";
import type { Draft } from "./behaviour.ts";
import type { Findings } from "./findings.ts";
import { expectedProfile, firstDifference } from "./oracle.ts";

/** Where profiles are read. */
export interface EdgeReader {
  url: string;
  secretKey: string;
}

/** After every event, and before any clock that this runs under. */
const AT = Date.UTC(2026, 9, 1);

const VersionSchema = v.object({ version: v.number() });
const PageSchema = v.object({
  data: v.array(v.object({ id: v.string() })),
  cursor: v.object({ next: v.nullable(v.string()) }),
});

/** Compares what a served edge has of a user with the events that it acknowledged: the profile and the listing. */
export async function compareWithEdge(
  reader: EdgeReader,
  engine: Engine,
  user: string,
  drafts: readonly Draft[],
  findings: Findings,
): Promise<void> {
  const path = `/v1/profiles/${encodeURIComponent(user)}`;
  const profile = await read(reader, `${path}?at=${new Date(AT).toISOString()}`);
  const { version } = v.parse(VersionSchema, JSON.parse(profile));
  // The edge knows no sources of these, and its time of receipt is not folded.
  const events = drafts.map(({ source: _, ...draft }) => ({ ...draft, receivedAt: 0 }));
  const expected = expectedProfile(engine, user, events, version, AT);
  if (profile !== expected) findings.different.push(`${user}: ${firstDifference(profile, expected)}`);

  const missing = new Set(drafts.map(({ id }) => id));
  for (const id of await listIds(reader, path)) {
    if (missing.delete(id)) continue;
    if (drafts.some((draft) => draft.id === id)) findings.double.push(`${user}: ${id} is listed twice`);
    else findings.different.push(`${user}: ${id} is listed and was never sent`);
  }
  for (const id of missing) findings.lost.push(`${user}: ${id} was acknowledged and is not listed`);
}

async function listIds(reader: EdgeReader, path: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: "200", ...(cursor !== null && { cursor }) });
    const page: v.InferOutput<typeof PageSchema> = v.parse(
      PageSchema,
      JSON.parse(await read(reader, `${path}/events?${query}`)),
    );
    ids.push(...page.data.map(({ id }) => id));
    cursor = page.cursor.next;
  } while (cursor !== null && ids.length < 100_000);
  return ids;
}

async function read({ url, secretKey }: EdgeReader, path: string): Promise<string> {
  const response = await fetch(url + path, { headers: { Authorization: `Bearer ${secretKey}` } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${text.slice(0, 200)}`);
  return text;
}

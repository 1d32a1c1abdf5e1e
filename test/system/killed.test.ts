import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { type Edge, startEdge } from "../../serve/edge.ts";
import { KEYS, serve, type TestEdge } from "./edge.ts";

/*
 * kill -9, each case by its name. `test/faults/crash.test.ts` kills at random, many times, and compares every profile
 * with an oracle.
 */

let first: TestEdge;
let second: Edge | undefined;
afterEach(async () => {
  await second?.stop();
  second = undefined;
  await first.remove();
});

const USERS = Array.from({ length: 400 }, (_, i) => `user-${i}`);
const batch = (users: readonly string[], id: string) =>
  users.map((userId) => ({ id, userId, event: "Order Completed", properties: { value: 1 } }));

/** How many events got which status; undefined when the edge was gone before it answered. */
async function send(
  url: string,
  users: readonly string[],
  id = "e1",
): Promise<Record<string, number> | undefined> {
  const response = await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${KEYS.WRITE_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify(batch(users, id)),
  }).catch(() => undefined);
  const text = await response?.text().catch(() => undefined);
  if (text === undefined) return undefined;
  const { receipts }: { receipts: { status: string }[] } = JSON.parse(text);
  const counts: Record<string, number> = {};
  for (const { status } of receipts) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function eventsOf(url: string, user: string): Promise<number> {
  const response = await fetch(`${url}/v1/profiles/${user}?fields=events`, {
    headers: { Authorization: `Bearer ${KEYS.SECRET_KEY}` },
  });
  const { events }: { events: number } = await response.json();
  return events;
}

/** Another process on what the first one stored. */
async function again(): Promise<string> {
  second = await startEdge({ port: 0, directory: first.directory, env: KEYS, quiet: true });
  return second.url;
}

it("kill -9 before the commit: no answer, and the retry applies the event, once", async () => {
  first = await serve();
  // It stands still, so that it has committed nothing of what it is sent.
  first.process.kill("SIGSTOP");
  const sent = send(first.url, ["ann"]);
  await sleep(100);
  await first.kill();
  expect(await sent).toBeUndefined();
  const url = await again();
  expect(await send(url, ["ann"])).toEqual({ applied: 1 });
  expect(await eventsOf(url, "ann")).toBe(1);
});

it("kill -9 after the commit: the event is there, and the retry says duplicate", async () => {
  first = await serve();
  expect(await send(first.url, ["ann"])).toEqual({ applied: 1 });
  await first.kill();
  const url = await again();
  expect(await eventsOf(url, "ann")).toBe(1);
  expect(await send(url, ["ann"])).toEqual({ duplicate: 1 });
  expect(await eventsOf(url, "ann")).toBe(1);
});

it("kill -9 in the middle of a batch of many users: the connection is lost, and the retry completes the rest", async () => {
  first = await serve();
  expect(await send(first.url, USERS, "e0")).toEqual({ applied: USERS.length });
  const before = written(first.directory);
  const sent = send(first.url, USERS);
  // Until some of the objects have written; the answer waits for the last.
  while (written(first.directory) < before + 200_000) await sleep(1);
  await first.kill();
  expect(await sent).toBeUndefined();
  const url = await again();
  const { applied = 0, duplicate = 0 } = (await send(url, USERS)) ?? {};
  expect(applied).toBeGreaterThan(0);
  expect(duplicate).toBeGreaterThan(0);
  expect(applied + duplicate).toBe(USERS.length);
  expect(await Promise.all(USERS.map((user) => eventsOf(url, user)))).toEqual(USERS.map(() => 2));
});

/** How many bytes the objects' write-ahead logs hold. */
function written(directory: string): number {
  const files = readdirSync(join(directory, "limn-profile")).filter((name) => name.endsWith("-wal"));
  return files.reduce((sum, name) => sum + statSync(join(directory, "limn-profile", name)).size, 0);
}

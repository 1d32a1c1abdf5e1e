import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundle } from "../../serve/bundle.ts";
import { type Edge, startEdge } from "../../serve/edge.ts";
import { KEYS } from "./edge.ts";

const EVENTS = 30_000;
const KILLS = 4;
const directory = mkdtempSync(join(tmpdir(), "limn-merge-"));
let edge: Edge;

const start = async () => {
  edge = await startEdge({ port: 0, directory, env: KEYS, quiet: true });
};
beforeAll(async () => {
  await bundle();
  await start();
});
afterAll(async () => {
  await edge.stop();
  rmSync(directory, { recursive: true });
});

interface Profile {
  id: string;
  events: number;
  digest: string;
  merging?: true;
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(edge.url + path, {
    method,
    headers: { Authorization: `Bearer ${KEYS.SECRET_KEY}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 200)}`);
  const value: T = JSON.parse(text);
  return value;
}
const read = (id: string) =>
  call<Profile>("GET", `/v1/profiles/${encodeURIComponent(id)}?at=2027-06-01T00:00:00Z`);

const eventsFor = (who: object, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `e${from + i}`,
    ...who,
    event: "Product Viewed",
    timestamp: Date.UTC(2026, 0, 1) + (((from + i) * 7919) % 40_009) * 60_000,
    properties: { category: `c${i % 7}`, price: i % 100 },
  }));
async function send(who: object, from: number, to: number) {
  for (let at = from; at < to; at += 2500)
    await call("POST", "/v1/events", eventsFor(who, at, Math.min(to, at + 2500)));
}

/** Kills the edge while a history is on its way, and starts it again, until it has arrived. */
async function settleThroughKills(id: string): Promise<number> {
  let interrupted = 0;
  for (let i = 0; i < KILLS; i++) {
    if ((await read(id)).merging === true) interrupted++;
    await edge.kill();
    await start();
  }
  for (let i = 0; i < 600 && (await read(id)).merging === true; i++) await sleep(100);
  return interrupted;
}

it("a merge and its undoing go on after kill -9 in the middle, and end bit-equal", async () => {
  const [device, ann, alone] = [{ anonymousId: "device" }, { userId: "ann" }, { userId: "alone" }];
  await send(device, 0, EVENTS);
  await send(ann, EVENTS, EVENTS + 1000);
  await send(alone, 0, EVENTS + 1000);
  const whole = await read("alone");
  await call("POST", "/v1/profiles/ann/merge", { from: "anonymous:device" });
  let interrupted = await settleThroughKills("ann");
  expect(await read("ann")).toMatchObject({ id: "ann", events: EVENTS + 1000, digest: whole.digest });

  await call("POST", "/v1/profiles/anonymous:device/unmerge");
  interrupted += await settleThroughKills("anonymous:device");
  for (let i = 0; i < 600 && (await read("ann")).merging === true; i++) await sleep(100);
  expect(await read("anonymous:device")).toMatchObject({ id: "anonymous:device", events: EVENTS });
  const { events, digest } = await read("ann");
  await send({ userId: "ann-alone" }, EVENTS, EVENTS + 1000);
  expect([events, digest]).toEqual([1000, (await read("ann-alone")).digest]);
  expect(interrupted).toBeGreaterThan(0);
});

import { setTimeout as sleep } from "node:timers/promises";
import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { Analytics as SegmentAnalytics } from "@segment/analytics-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutting } from "./cutting.ts";
import { KEYS, readFields, serve, type TestEdge } from "./edge.ts";
import { openPage } from "./page.ts";

const EVENTS = 100;
const PATIENCE_MS = 30_000;
const writeKey = KEYS.WRITE_KEY;

let edge: TestEdge;

beforeAll(async () => {
  edge = await serve();
});

afterAll(() => edge.remove());

const traits = { plan: "pro", email: "ann@shop.example" };
const propertiesOf = (n: number) => ({ n, product_id: `p${n}`, category: "Shoes", price: n });

/** Sends an identify and 100 events, and ends when the client says that they are sent. */
type Send = (host: string, userId: string, isDone: () => Promise<boolean>) => Promise<void>;

const bySegmentNode: Send = async (host, userId) => {
  const client = new SegmentAnalytics({ writeKey, host });
  const failures: unknown[] = [];
  client.on("error", (error) => failures.push(error));
  client.identify({ userId, traits });
  for (let n = 0; n < EVENTS; n++) {
    client.track({ userId, event: "Product Viewed", properties: propertiesOf(n) });
  }
  await client.closeAndFlush();
  expect(failures).toEqual([]);
};

const byRudderNode: Send = async (host, userId) => {
  const client = new RudderAnalytics(writeKey, { dataPlaneUrl: host, logLevel: "none" });
  const errors: unknown[] = [];
  const settle = (error?: unknown) => errors.push(error);
  client.identify({ userId, traits }, settle);
  for (let n = 0; n < EVENTS; n++) {
    client.track({ userId, event: "Product Viewed", properties: propertiesOf(n) }, settle);
  }
  // A flush sends 20 at most.
  while (errors.length <= EVENTS) {
    await client.flush();
    await sleep(10);
  }
  expect(errors.filter((error) => error)).toEqual([]);
};

/** What this client could not send it sends again later, and tells nobody: so the page stays open until it is done. */
const byBrowser =
  (options: object): Send =>
  async (host, userId, isDone) => {
    const { client, close } = openPage({ writeKey, cdnURL: host }, options);
    await client.identify(userId, traits);
    for (let n = 0; n < EVENTS; n++) await client.track("Product Viewed", propertiesOf(n));
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until && !(await isDone()); ) await sleep(50);
    close();
  };

const batching = { strategy: "batching", config: { timeout: 200 } };

/** With the numbers of the posts that get no answer. */
const clients: [name: string, send: Send, cuts: number[]][] = [
  ["analytics-node", bySegmentNode, [1, 3, 4]],
  ["rudder-sdk-node", byRudderNode, [1, 3, 4]],
  ["analytics-next", byBrowser({}), [1, 20, 60]],
  [
    "analytics-next in batches",
    byBrowser({ integrations: { "Segment.io": { deliveryStrategy: batching } } }),
    [1, 2],
  ],
];

describe.each(clients)("%s, with nothing changed but host and key", (name, send, cuts) => {
  it("sends an identify and 100 events, and the profile shows exactly them", async () => {
    const user = `${name.replaceAll(" ", "-")}-1`;
    await send(edge.url, user, async () => (await countOf(user)) > EVENTS);
    await expectAll(user);
  });

  it("sends again what was killed before the answer, and the profile shows nothing twice", async () => {
    const user = `${name.replaceAll(" ", "-")}-2`;
    const proxy = await cutting(edge.url, (post) => cuts.includes(post));
    try {
      const isDone = async () => proxy.unanswered.size === 0 && (await countOf(user)) > EVENTS;
      await send(proxy.url, user, isDone);
      expect([proxy.cut(), proxy.unanswered.size]).toEqual([cuts.length, 0]);
      await expectAll(user);
    } finally {
      proxy.close();
    }
  });
});

async function expectAll(user: string): Promise<void> {
  const kept = await keptOf(user);
  expect(kept.filter(({ event }) => event === "Identify")).toHaveLength(1);
  const numbers = kept.filter(({ event }) => event === "Product Viewed").map(({ n }) => Number(n));
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  expect(kept).toHaveLength(EVENTS + 1);
  const profile = await readFields<object>(edge, user, "fields=events,traits");
  expect(profile).toMatchObject({
    events: EVENTS + 1,
    traits: { plan: { value: "pro" }, email: { value: traits.email } },
  });
}

async function countOf(user: string): Promise<number> {
  const read = readFields<{ events: number }>(edge, user, "fields=events");
  return (await read.catch(() => ({ events: 0 }))).events;
}

/** The name and number of each event of a user. */
async function keptOf(user: string): Promise<{ event: string; n: unknown }[]> {
  const response = await fetch(`${edge.url}/v1/profiles/${user}/events?limit=200`, {
    headers: { Authorization: `Bearer ${KEYS.SECRET_KEY}` },
  });
  const { data }: { data: { event: string; properties?: { n?: number } }[] } = await response.json();
  return data.map(({ event, properties }) => ({ event, n: properties?.n }));
}

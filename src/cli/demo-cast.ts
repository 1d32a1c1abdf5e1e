import { loadMapping } from "../data/mapping.ts";
import { UserError } from "../data/user-error.ts";
import { BATCH_BOUNDS, cutBatches } from "./batches.ts";
import type { Client } from "./client.ts";
import { count } from "./draw.ts";
import { showProgress } from "./progress.ts";
import { replay, succeeded } from "./replay.ts";
import { productProperties, type Shop, type ShopEvent, simulateShop } from "./shop.ts";
import type { Shopper } from "./shopper.ts";
import { drawSummary } from "./summary.ts";

/** Who and what the demo shows, once their events are in. */
export interface Cast {
  client: Client;
  users: { user: string; note: string }[];
  /** What the first of them may choose from. */
  candidates: { id: string; properties: object }[];
  /** The time the profiles are drawn at. */
  at?: string;
  /** The name of an event that the edge knows. */
  event: string;
  /** A time in the middle of the events, ISO 8601. */
  before: string;
}

const CANDIDATES = 8;

/** Plays a week of the simulated shop into the edge, in the order of time. */
export async function playShop(seed: number, start: (definition: string) => Promise<Client>): Promise<Cast> {
  const shop = simulateShop({ seed, end: Date.now() });
  const client = await start("ecommerce");
  console.log(
    `A week of a web shop: ${count(shop.events.length)} events of ${shop.shoppers.length} shoppers with hidden tastes.`,
  );
  await stream(shop.events, client);
  const [first, second] = contrast(shop);
  return {
    client,
    users: [first, second].map((shopper) => ({ user: shopper.id, note: describe(shopper) })),
    candidates: candidatesFor(first, shop),
    event: "Product Viewed",
    before: new Date(Date.now() - 2 * 86_400_000).toISOString(),
  };
}

/** Replays a data file, and takes the two busiest of its users. */
export async function replayFile(
  file: string,
  map: string,
  start: (definition: string) => Promise<Client>,
): Promise<Cast> {
  const mapping = loadMapping(map);
  const client = await start(mapping.definition ?? "ecommerce");
  const result = await replay({ file, mapping, client, progress: showProgress() });
  console.log(`\n${drawSummary(result)}`);
  if (!succeeded(result))
    throw new UserError("not all events were taken", "The summary says which, and why.");
  const busiest = [...result.users]
    .sort((a, b) => b[1].events - a[1].events)
    .slice(0, 2)
    .map(([user]) => user);
  const candidates = new Map<string, { id: string; properties: object }>();
  // In turns, so that what either of them bought is among the candidates.
  const bought = await Promise.all(busiest.map((user) => client.events(user, 200)));
  for (let i = 0; i < 200 && candidates.size < CANDIDATES; i++) {
    for (const events of bought) {
      const properties = events[i]?.properties;
      const id = properties?.product_id;
      if (typeof id !== "string" || properties === undefined || candidates.size === CANDIDATES) continue;
      candidates.set(id, { id, properties });
    }
  }
  const [newest] = bought[0] ?? [];
  if (newest === undefined)
    throw new UserError(`${file} has no events`, "Check that the mapping fits the file.");
  return {
    client,
    users: busiest.map((user) => ({ user, note: "" })),
    candidates: [...candidates.values()],
    at: "last",
    event: newest.event,
    before: newest.timestamp,
  };
}

async function stream(events: readonly ShopEvent[], client: Client): Promise<void> {
  const progress = showProgress();
  progress.start(events.length);
  try {
    // Not grouped by user: a live shop does not come so either.
    for (const batch of cutBatches(
      events.map((event) => [JSON.stringify(event)]),
      { ...BATCH_BOUNDS, events: 500 },
    )) {
      const { outcomes } = await client.send(batch);
      progress.advance(batch.length, batch.length);
      const lost = outcomes.find(({ status }) => status !== "applied");
      if (lost === undefined) continue;
      throw new UserError(
        `an event was ${lost.status}: ${lost.code ?? ""} ${lost.detail ?? ""}`,
        "Please report it: the demo's events are valid.",
      );
    }
  } finally {
    progress.stop();
  }
}

/** A busy shopper who buys easily, and another who does not and loves other things. */
function contrast({ shoppers, events }: Shop): [Shopper, Shopper] {
  const counts = new Map<string, number>();
  for (const { userId } of events) counts.set(userId, (counts.get(userId) ?? 0) + 1);
  const busy = shoppers
    .filter(({ id }) => (counts.get(id) ?? 0) >= 90)
    .sort((a, b) => b.propensity - a.propensity);
  const [first] = busy;
  const second = busy.findLast(
    ({ loves }) => !loves.categories.some((name) => first?.loves.categories.includes(name)),
  );
  if (first !== undefined && second !== undefined) return [first, second];
  throw new UserError("this week has no two shoppers worth comparing", "Take another week: --seed 7.");
}

function describe({ id, loves, priceLevel, propensity }: Shopper): string {
  const price =
    priceLevel > 1.25 ? "spends freely" : priceLevel < 0.8 ? "looks for bargains" : "pays usual prices";
  const buys = propensity > 0.5 ? "buys easily" : propensity < -0.5 ? "mostly looks" : "buys now and then";
  return `What no event says of ${id}: loves ${loves.categories.join(" and ")}, and the brands ${loves.brands.join(" and ")}; ${price}; ${buys}.`;
}

/** Products from all over the catalogue, those of loved categories and brands among them. */
function candidatesFor({ loves }: Shopper, { products }: Shop): Cast["candidates"] {
  const isLovedCategory = products.filter(({ category }) => loves.categories.includes(category));
  const isLovedBoth = isLovedCategory.filter(({ brand }) => loves.brands.includes(brand));
  const others = products.filter(({ category }) => !loves.categories.includes(category));
  const spread = others.filter((_, i) => i % Math.floor(others.length / 4) === 5);
  const chosen = new Set([
    ...isLovedBoth.slice(0, 2),
    ...isLovedCategory.filter((_, i) => i % 11 === 3),
    ...spread,
    ...others,
  ]);
  return [...chosen].slice(0, CANDIDATES).map((product) => ({
    id: product.product_id,
    properties: productProperties(product),
  }));
}

import type { Random } from "../src/cli/random.ts";
import type { Event, JsonObject } from "../src/events/event.ts";
import { POISON_VALUE } from "./engines.ts";

/** An event as its client has it, before any edge received it. */
export type Draft = Omit<Event, "receivedAt">;

export const START = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;

const NAMES = [
  "Product Viewed",
  "Product Viewed",
  "Product Viewed",
  "Product Added",
  "Product Clicked",
  "Order Completed",
  "Products Searched",
  "Something Else",
] as const;

const CATEGORIES = ["shoes", "coats", "hats", "bags", "tea", "livres d’été", "本", "🎸"] as const;
const BRANDS = ["acme", "globex", "initech", "hooli", ""] as const;
const PLANS = ["free", "pro", null] as const;

/** Whether the kernel traps on it: it must be turned away, and everything else must go on. */
export function isPoison({ properties }: Pick<Event, "properties">): boolean {
  return properties.value === POISON_VALUE;
}

/** One device: it makes events of several users, on a clock of its own. */
export class Device {
  readonly #random: Random;
  readonly #name: string;
  #time: number;
  #made = 0;

  /** `skewMs`: how far its clock is ahead. */
  constructor(random: Random, name: string, skewMs: number) {
    this.#random = random;
    this.#name = name;
    this.#time = START + skewMs;
  }

  /** An event like any other, but that it is poison. */
  nextPoison(user: string): Draft {
    const draft = this.next(user);
    return { ...draft, properties: { ...draft.properties, value: POISON_VALUE } };
  }

  next(user: string): Draft {
    const random = this.#random;
    // Many at the same time: then their ids order them.
    if (random.chance(0.7)) this.#time += random.whole(0, random.chance(0.1) ? 48 * HOUR_MS : HOUR_MS / 2);
    const late = random.chance(0.12) ? random.whole(1, 10 * 24 * HOUR_MS) : 0;
    return {
      // Not in the order they were made in, so that ties are not by chance in the right one.
      id: `${this.#name}-${random.whole(0, 35).toString(36)}${this.#made++}`,
      user,
      name: random.pick(NAMES),
      time: this.#time - late,
      properties: properties(random),
      ...(random.chance(0.15) ? { traits: traits(random) } : {}),
      ...(random.chance(0.1) ? { source: random.pick(["web", "app"]) } : {}),
    };
  }
}

function properties(random: Random): JsonObject {
  if (random.chance(0.05)) return {};
  const made: JsonObject = {
    product_id: `p${random.whole(0, 30)}`,
    category: random.pick(CATEGORIES),
    price: random.chance(0.02) ? 1e6 : random.whole(0, 9999) / 100,
  };
  if (random.chance(0.5)) made.brand = random.pick(BRANDS);
  if (random.chance(0.3)) made.value = random.whole(-100, 500);
  if (random.chance(0.1)) {
    made.products = Array.from({ length: random.whole(0, 4) }, () => ({
      product_id: `p${random.whole(0, 30)}`,
      price: random.whole(1, 50),
    }));
  }
  return made;
}

function traits(random: Random): JsonObject {
  return random.chance(0.5) ? { plan: random.pick(PLANS) } : { age: random.whole(18, 90), city: "Köln" };
}

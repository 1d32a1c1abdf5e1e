import { type Brand, brands, type Category, categories, type Product } from "./catalogue.ts";
import type { Random } from "./random.ts";

/** A simulated user with tastes that no event names: what a profile has to find out. */
export interface Shopper {
  id: string;
  plan: "free" | "plus" | "pro";
  country: string;
  /** The categories and brands liked best. */
  loves: { categories: Category[]; brands: Brand[] };
  /** Liking in log-odds, about 0 on average. */
  categoryTaste: Record<Category, number>;
  brandTaste: Record<Brand, number>;
  /** The price that feels right, as a multiple of what is usual. */
  priceLevel: number;
  /** How easily a liked product ends in an order, in log-odds. */
  propensity: number;
  sessions: number;
  /** Hour of the day (UTC) at which this user mostly shops. */
  hour: number;
}

const COUNTRIES: [string, ...string[]] = ["DE", "DE", "FR", "GB", "GB", "NL", "SE", "US", "US", "US"];

export function makeShopper(random: Random, number: number): Shopper {
  const loves = { categories: someOf(random, categories, 2), brands: someOf(random, brands, 2) };
  const propensity = random.normal();
  return {
    id: `shopper-${String(number).padStart(3, "0")}`,
    plan: propensity > 0.8 ? "pro" : propensity > 0 ? "plus" : "free",
    country: random.pick(COUNTRIES),
    loves,
    categoryTaste: tastes(random, categories, loves.categories, 2.4),
    brandTaste: tastes(random, brands, loves.brands, 1.4),
    priceLevel: Math.exp(0.4 * random.normal()),
    propensity,
    // Most come a few times a week, some every day: heavy-tailed, as in real shops.
    sessions: Math.min(2 + Math.floor(2.8 * Math.exp(0.7 * random.normal())), 24),
    hour: random.pick([8, 12, 17, 19, 20, 21]),
  };
}

/** How much a shopper likes a product, in log-odds; `usual` is the usual price in its category. */
export function liking(shopper: Shopper, { category, brand, price }: Product, usual: number): number {
  const dear = Math.abs(Math.log(price / usual / shopper.priceLevel));
  return shopper.categoryTaste[category] + shopper.brandTaste[brand] - dear;
}

function tastes<Name extends string>(
  random: Random,
  names: readonly Name[],
  loved: readonly Name[],
  love: number,
): Record<Name, number> {
  const taste: Partial<Record<Name, number>> = {};
  for (const name of names) taste[name] = 0.5 * random.normal() - 0.4 + (loved.includes(name) ? love : 0);
  return complete(taste, names);
}

function complete<Name extends string>(
  partial: Partial<Record<Name, number>>,
  names: readonly Name[],
): Record<Name, number> {
  const isComplete = (record: Partial<Record<Name, number>>): record is Record<Name, number> =>
    names.every((name) => record[name] !== undefined);
  if (!isComplete(partial)) throw new Error("a taste for every name was expected, one is missing");
  return partial;
}

function someOf<T>(random: Random, items: readonly [T, ...T[]], count: number): T[] {
  const chosen = new Set<T>();
  while (chosen.size < count) chosen.add(random.pick(items));
  return [...chosen];
}

import type { JsonObject } from "../events/event.ts";
import { type Category, categories, makeCatalogue, type Product } from "./catalogue.ts";
import { Random } from "./random.ts";
import { liking, makeShopper, type Shopper } from "./shopper.ts";

/** An event as the edge takes it. */
export interface ShopEvent {
  id: string;
  userId: string;
  event: string;
  /** ISO 8601. */
  timestamp: string;
  properties: JsonObject;
  traits?: JsonObject;
}

/** A simulated week of a web shop. */
export interface Shop {
  products: [Product, ...Product[]];
  shoppers: Shopper[];
  /** By time. */
  events: ShopEvent[];
}

export interface ShopOptions {
  seed: number;
  /** When the week ends, in ms since 1970. */
  end: number;
  shoppers?: number;
}

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

type Draft = { shopper: Shopper; time: number; event: string; properties: JsonObject; traits?: JsonObject };

/**
 * Simulates a week of sessions that ends at `end`: people with tastes of their own look at what they like, and buy
 * some of it. Events and properties are those of the Segment e-commerce specification. The same options give the
 * same events.
 */
export function simulateShop({ seed, end, shoppers: count = 150 }: ShopOptions): Shop {
  const random = new Random(seed);
  const products = makeCatalogue(random);
  const shoppers = Array.from({ length: count }, (_, i) => makeShopper(random, i + 1));
  const floor = new Floor(products, random);
  const drafts = shoppers.flatMap((shopper) => floor.week(shopper, end - WEEK_MS));
  const events = drafts
    .filter(({ time }) => time <= end)
    .sort(
      (a, b) => a.time - b.time || (a.shopper.id < b.shopper.id ? -1 : a.shopper.id > b.shopper.id ? 1 : 0),
    )
    .map(({ shopper, time, event, properties, traits }, i) => ({
      id: `shop-${seed}-${end.toString(36)}-${i}`,
      userId: shopper.id,
      event,
      timestamp: new Date(time).toISOString(),
      properties,
      ...(traits !== undefined && { traits }),
    }));
  return { products, shoppers, events };
}

/** The properties by which a product is known in events and as a candidate. */
export function productProperties({ product_id, name, category, brand, price }: Product): JsonObject {
  return { product_id, name, category, brand, price };
}

/** The sales floor: what shoppers do there. */
class Floor {
  readonly #random: Random;
  readonly #byCategory: Map<Category, [Product, ...Product[]]>;
  readonly #usualPrice = new Map<Category, number>();
  #orders = 0;

  constructor(products: readonly Product[], random: Random) {
    this.#random = random;
    this.#byCategory = new Map();
    for (const product of products) {
      const known = this.#byCategory.get(product.category);
      if (known === undefined) this.#byCategory.set(product.category, [product]);
      else known.push(product);
    }
    for (const [category, ofIt] of this.#byCategory) {
      this.#usualPrice.set(
        category,
        Math.exp(ofIt.reduce((sum, { price }) => sum + Math.log(price), 0) / ofIt.length),
      );
    }
  }

  week(shopper: Shopper, start: number): Draft[] {
    const random = this.#random;
    const starts = Array.from({ length: shopper.sessions }, () => {
      const day = Math.floor((start + random.next() * WEEK_MS) / DAY_MS) * DAY_MS;
      return day + (shopper.hour + 2.5 * random.normal()) * 3_600_000;
    })
      .filter((time) => time >= start)
      .map(Math.round)
      .sort((a, b) => a - b);
    const drafts = starts.flatMap((time) => this.#session(shopper, time));
    const [first] = drafts;
    if (first === undefined) return [];
    const traits = { plan: shopper.plan, country: shopper.country };
    return [{ shopper, time: first.time - SECOND_MS, event: "Identify", properties: {}, traits }, ...drafts];
  }

  #session(shopper: Shopper, start: number): Draft[] {
    const random = this.#random;
    const drafts: Draft[] = [];
    let time = start;
    const emit = (event: string, properties: JsonObject, afterMs = random.between(5, 60) * SECOND_MS) => {
      time += Math.round(afterMs);
      drafts.push({ shopper, time, event, properties });
    };
    const cart: Line[] = [];

    if (random.chance(0.2)) {
      const promotion = { promotion_id: `promo-${random.whole(1, 4)}`, creative: "banner" };
      emit("Promotion Viewed", promotion);
      if (random.chance(0.2)) emit("Promotion Clicked", promotion);
    }
    for (let visits = random.whole(1, 3); visits > 0; visits--) {
      const category = random.prefer(categories, (name) => shopper.categoryTaste[name]);
      if (random.chance(0.3)) emit("Products Searched", { query: category.toLowerCase() });
      else emit("Product List Viewed", { list_id: category.toLowerCase(), category });
      for (let looks = random.whole(1, 4); looks > 0; looks--) this.#look(shopper, category, cart, emit);
    }
    if (cart.length > 0) this.#checkout(shopper, cart, emit);
    return drafts;
  }

  #look(shopper: Shopper, category: Category, cart: Line[], emit: Emit): void {
    const random = this.#random;
    const shelf = this.#byCategory.get(category);
    if (shelf === undefined) return;
    const product = random.prefer(shelf, (item) => 0.7 * this.#liking(shopper, item));
    const properties = productProperties(product);
    const likes = this.#liking(shopper, product);
    if (random.chance(0.4)) emit("Product Clicked", properties);
    emit("Product Viewed", properties);
    if (random.chance(odds(likes - 4.5))) emit("Product Added to Wishlist", properties);
    if (random.chance(odds(likes - 5.5))) emit("Product Shared", { ...properties, share_via: "email" });
    if (!random.chance(odds(1.5 * likes + 0.6 * shopper.propensity - 3.2))) return;
    const quantity = random.chance(0.2) ? random.whole(2, 4) : 1;
    emit("Product Added", { ...properties, quantity });
    if (random.chance(0.12)) {
      emit("Product Removed", { ...properties, quantity });
      return;
    }
    cart.push({ product, quantity });
    // Some take one thing at a time, to the till and back.
    if (random.chance(0.6)) this.#checkout(shopper, cart.splice(0), emit);
  }

  #checkout(shopper: Shopper, cart: readonly Line[], emit: Emit): void {
    const random = this.#random;
    const order = `${shopper.id.slice(-3)}-${++this.#orders}`;
    if (random.chance(0.6)) emit("Cart Viewed", { cart_id: `cart-${order}` });
    if (!random.chance(odds(shopper.propensity + 0.6))) return;
    const revenue =
      Math.round(cart.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0) * 100) / 100;
    const sale = { order_id: `order-${order}`, revenue, currency: "EUR" };
    emit("Checkout Started", sale);
    const isReduced = random.chance(0.15);
    if (isReduced) emit("Coupon Applied", { order_id: sale.order_id, coupon_id: "WELCOME" });
    if (!random.chance(0.85)) return;
    const lines = cart.map(({ product, quantity }) => ({ ...productProperties(product), quantity }));
    // An order of one product names it itself, so that a model sees what was bought; a larger one lists its products.
    const [only] = lines;
    emit(
      "Order Completed",
      lines.length === 1 && only !== undefined ? { ...sale, ...only } : { ...sale, products: lines },
    );
    for (const { product } of cart) {
      if (!random.chance(0.25)) continue;
      const rating = Math.min(
        Math.max(Math.round(3.4 + 0.5 * this.#liking(shopper, product) + random.normal()), 1),
        5,
      );
      emit("Product Reviewed", { ...productProperties(product), rating }, random.between(0.5, 2) * DAY_MS);
    }
    if (random.chance(0.06))
      emit("Order Refunded", { order_id: sale.order_id, total: -revenue }, random.between(0.2, 1) * DAY_MS);
  }

  #liking(shopper: Shopper, product: Product): number {
    return liking(shopper, product, this.#usualPrice.get(product.category) ?? product.price);
  }
}

interface Line {
  product: Product;
  quantity: number;
}

type Emit = (event: string, properties: JsonObject, afterMs?: number) => void;

/** The probability of log-odds. */
function odds(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

import type { Random } from "./random.ts";

/** What the simulated shop sells. */
export interface Product {
  product_id: string;
  name: string;
  category: Category;
  brand: Brand;
  price: number;
}

/** Each category with its usual price and what it sells. */
const CATEGORIES = {
  Shoes: [70, "Sneaker", "Boot", "Sandal", "Loafer"],
  Jackets: [110, "Parka", "Rain Jacket", "Fleece", "Vest"],
  Books: [15, "Cookbook", "Novel", "Atlas", "Field Guide"],
  Kitchen: [35, "Pan", "Knife", "Teapot", "Grinder"],
  Garden: [28, "Trowel", "Planter", "Shears", "Lantern"],
  Audio: [120, "Headphones", "Speaker", "Turntable", "Earbuds"],
  Cycling: [60, "Helmet", "Pannier", "Lamp", "Jersey"],
  Camping: [85, "Tent", "Stove", "Sleeping Bag", "Hammock"],
  Beauty: [22, "Soap", "Face Cream", "Shampoo", "Candle"],
  Toys: [25, "Puzzle", "Kite", "Train", "Blocks"],
} as const satisfies Record<string, readonly [number, ...string[]]>;
export type Category = keyof typeof CATEGORIES;

/** Each brand with its price level: 1 is usual. */
const BRANDS = {
  Alder: 0.7,
  Birk: 0.8,
  Corvo: 1.6,
  Dune: 1,
  Ember: 1.3,
  Fjell: 1.8,
  Gale: 0.6,
  Hazel: 0.9,
  Isola: 2.2,
  Juno: 1.1,
  Kestrel: 0.75,
  Lumen: 1.4,
} as const;
export type Brand = keyof typeof BRANDS;

const PRODUCTS_PER_CATEGORY = 12;

export const categories = namesOf(CATEGORIES);
export const brands = namesOf(BRANDS);

/** 120 products, each category by all twelve brands, with prices about what is usual for both. */
export function makeCatalogue(random: Random): [Product, ...Product[]] {
  const products = categories.flatMap((category) => {
    const [usual, ...kinds] = CATEGORIES[category];
    return Array.from({ length: PRODUCTS_PER_CATEGORY }, (_, i): Product => {
      const brand = brands[i % brands.length] ?? brands[0];
      const price = usual * BRANDS[brand] * Math.exp(0.2 * random.normal());
      return {
        product_id: `${category.slice(0, 3).toUpperCase()}-${String(i + 1).padStart(2, "0")}`,
        name: `${brand} ${kinds[i % kinds.length]}`,
        category,
        brand,
        price: Math.max(1, Math.round(price)) - 0.01,
      };
    });
  });
  const [first, ...rest] = products;
  if (first === undefined) throw new Error("a catalogue of at least one product was expected, none was made");
  return [first, ...rest];
}

function namesOf<Name extends string>(of: Record<Name, unknown>): [Name, ...Name[]] {
  const names: string[] = Object.keys(of);
  const isName = (name: string): name is Name => name in of;
  const [first, ...rest] = names.filter(isName);
  if (first === undefined) throw new Error("at least one name was expected, there is none");
  return [first, ...rest];
}

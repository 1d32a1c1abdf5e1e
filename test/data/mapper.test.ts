import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MappedEvent, Mapper } from "../../src/data/mapper.ts";
import { loadMapping, type Mapping, parseMapping } from "../../src/data/mapping.ts";
import type { Row } from "../../src/data/rows.ts";
import { allRows, write } from "../cli/files.ts";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const SALE = "536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom";
const REFUND = "C536379,D,Discount ,-1,2010-12-01 09:41:00,27.5,14527,United Kingdom";
const NOBODY = "541421,21109,LARGE CAKE TOWEL,2,2011-01-17 17:44:00,4.13,,United Kingdom";
const TORN = "536366,22632,HAND WARMER,six,2010-12-01 08:28:00,1.85,17850,United Kingdom";
const UNTIMELY = "536366,22632,HAND WARMER,6,yesterday,1.85,17850,United Kingdom";

const retail = loadMapping("mappings/online_retail.json");

function mapAll(mapping: Mapping, rows: Row[]) {
  const mapper = new Mapper(mapping);
  return rows.map((row) => mapper.map(row));
}

function events(mapped: ReturnType<typeof mapAll>) {
  return mapped.filter((one): one is MappedEvent => "json" in one).map(({ json }) => JSON.parse(json));
}

async function rowsOf(mapping: Mapping, name: string, lines: string[]): Promise<Row[]> {
  return allRows(write(name, lines.join("\n")), new Mapper(mapping).columns);
}

describe("Mapper", () => {
  it("makes an event of a row", async () => {
    const [sale, refund] = events(mapAll(retail, await rowsOf(retail, "retail.csv", [HEADER, SALE, REFUND])));
    expect(sale).toEqual({
      id: expect.stringMatching(/^[\w-]{16}$/),
      userId: "17850",
      event: "Order Completed",
      timestamp: "2010-12-01T08:26:00.000Z",
      properties: {
        order_id: "536365",
        product_id: "71053",
        name: "WHITE METAL LANTERN",
        price: 3.39,
        quantity: 6,
        value: 6 * 3.39,
        country: "United Kingdom",
      },
    });
    expect(refund).toMatchObject({
      event: "Order Refunded",
      properties: { name: "Discount", quantity: -1, value: -27.5 },
    });
  });

  it("says why a row is no event", async () => {
    const rows = await rowsOf(retail, "skipped.csv", [HEADER, NOBODY, TORN, UNTIMELY]);
    expect(mapAll(retail, rows)).toEqual([
      { skipped: "no customer" },
      { skipped: "quantity is not a number" },
      { skipped: "no readable time" },
    ]);
  });

  it("gives identical rows ids of their own", async () => {
    const rows = await rowsOf(retail, "twins.csv", [HEADER, SALE, SALE, REFUND, SALE]);
    const ids = events(mapAll(retail, rows)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids[1]).toBe(`${ids[0]}.2`);
  });

  it("gives the same events for a file in any order", async () => {
    const other = SALE.replace(",6,", ",8,");
    const rows = await rowsOf(retail, "order.csv", [HEADER, SALE, REFUND, SALE, other, REFUND, SALE]);
    const expected = events(mapAll(retail, rows))
      .map((event) => JSON.stringify(event))
      .sort();
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(
          events(mapAll(retail, shuffled))
            .map((event) => JSON.stringify(event))
            .sort(),
        ).toEqual(expected);
      }),
    );
  });

  it("gives other ids under another mapping", async () => {
    const rows = await rowsOf(retail, "names.csv", [HEADER, SALE]);
    const [here] = events(mapAll(retail, rows));
    const [there] = events(mapAll({ ...retail, name: "elsewhere" }, rows));
    expect(there.id).not.toBe(here.id);
  });

  it("puts the namespace before the user", async () => {
    const rows = await rowsOf(retail, "namespace.csv", [HEADER, SALE]);
    expect(mapAll({ ...retail, namespace: "uk" }, rows)).toMatchObject([{ user: "uk:17850" }]);
  });

  it("takes the first event rule that holds", () => {
    const mapping = parseMapping(
      {
        name: "rules",
        user: "u",
        time: { column: "t", format: "epoch-s" },
        event: [
          { when: { column: "a", above: 1 }, name: "Above" },
          { when: { column: "a", below: 0 }, name: "Below" },
          { when: { column: "a", is: "number" }, name: "Number" },
          { when: { column: "a", is: "missing" }, name: "Missing" },
          { name: "Text" },
        ],
        na: ["NA"],
        properties: {},
      },
      "rules.json",
    );
    const names = ["2", "-1", "1", "NA", "x", "0"].map((a) => ({ raw: a, values: ["u", "1", a] }));
    expect(events(mapAll(mapping, names)).map(({ event }) => event)).toEqual([
      "Above",
      "Below",
      "Number",
      "Missing",
      "Text",
      "Number",
    ]);
  });

  it("leaves out what is missing, and a ratio over nothing", () => {
    const mapping = parseMapping(
      {
        name: "missing",
        user: "u",
        time: { column: "t", format: "epoch-s" },
        event: "E",
        na: ["", "NA"],
        properties: {
          text: { column: "a" },
          number: { column: "a", type: "number" },
          ratio: { ratio: ["b", "a"] },
          product: { product: ["b", "a"] },
        },
      },
      "missing.json",
    );
    const rows = ["NA", "0", "4", "Infinity"].map((a) => ({ raw: a, values: ["u", "1", a, "2"] }));
    expect(events(mapAll(mapping, rows)).map(({ properties }) => properties)).toEqual([
      {},
      { text: "0", number: 0, product: 0 },
      { text: "4", number: 4, ratio: 0.5, product: 8 },
      { text: "Infinity" },
    ]);
  });
});

describe("joined files", () => {
  const mapping = parseMapping(
    {
      name: "joined",
      namespace: "hh",
      user: "household",
      time: { column: "time" },
      event: "Bought",
      na: ["NA"],
      properties: { product_id: { column: "product" } },
      join: {
        file: "joined-products.csv.gz",
        on: "product",
        key: "id",
        properties: { category: { column: "category" } },
      },
      traits: {
        file: "joined-people.csv",
        user: "household",
        time: "first-event",
        properties: { age: { column: "age" } },
      },
    },
    "joined.json",
  );

  it("adds the properties of the joined row, where there is one", async () => {
    write("joined-products.csv.gz", "id,category\n1,TEA\n2,NA\n");
    const data = write(
      "joined.csv",
      "household,time,product\na,2017-01-02,1\na,2017-01-01,2\nb,2017-01-03,3\n",
    );
    const mapper = new Mapper(mapping);
    await mapper.open(data);
    const mapped = (await allRows(data, mapper.columns)).map((row) => mapper.map(row));
    expect(events(mapped).map(({ properties }) => properties)).toEqual([
      { product_id: "1", category: "TEA" },
      { product_id: "2" },
      { product_id: "3" },
    ]);
  });

  it("makes an Identify at the first event of each user that has events", async () => {
    write("joined-people.csv", "household,age\na,45-54\nc,65+\nb,NA\n");
    const first = Date.parse("2017-01-01T00:00:00Z");
    const times = new Map([
      ["hh:a", first],
      ["hh:b", first + 1000],
    ]);
    const identified: unknown[] = [];
    for await (const { json } of new Mapper(mapping).identify(write("any.csv", ""), times))
      identified.push(JSON.parse(json));
    const id = expect.stringMatching(/^[\w-]{16}$/);
    expect(identified).toEqual([
      {
        id,
        userId: "hh:a",
        event: "Identify",
        timestamp: "2017-01-01T00:00:00.000Z",
        traits: { age: "45-54" },
      },
      { id, userId: "hh:b", event: "Identify", timestamp: "2017-01-01T00:00:01.000Z", traits: {} },
    ]);
  });
});

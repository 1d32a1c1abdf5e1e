import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { definitions } from "../../definitions/index.ts";
import { loadMapping, parseMapping } from "../../src/data/mapping.ts";
import { parseDefinition } from "../../src/definition/schema.ts";
import { write } from "../cli/files.ts";

const valid = {
  name: "test",
  user: "who",
  time: { column: "when" },
  event: "Product Viewed",
  properties: { price: { column: "price", type: "number" } },
};

describe("parseMapping", () => {
  it("fills in what may be left out", () => {
    expect(parseMapping(valid, "x.json")).toMatchObject({
      time: { format: "iso", zone: "UTC" },
      na: [""],
      skip: [],
    });
  });

  it.each([
    [{ ...valid, user: undefined }, "/user: "],
    [{ ...valid, name: "No Spaces" }, "/name: 1 to 40 of a-z, 0-9 and - are expected"],
    [
      { ...valid, time: { column: "when", format: "HH:mm" } },
      '/time: the time format "HH:mm" lacks the year',
    ],
    [
      { ...valid, event: [{ when: { column: "a", above: 0 }, name: "A" }] },
      "/event: every rule but the last",
    ],
    [
      { ...valid, properties: { a: { column: "a", ratio: ["a", "b"] } } },
      "/properties/a: exactly one of column",
    ],
    [
      { ...valid, properties: { a: { product: ["a", "b"], type: "number" } } },
      "/properties/a: type goes with",
    ],
    [
      { ...valid, skip: [{ when: { column: "a" }, reason: "r" }] },
      "/skip/0/when: exactly one of is, matches",
    ],
    [
      { ...valid, skip: [{ when: { column: "a", matches: "(" }, reason: "r" }] },
      "/skip/0/when/matches: a regular",
    ],
    [{ ...valid, colour: "red" }, "/colour: "],
  ])("names the wrong member: %#", (source, expected) => {
    expect(() => parseMapping(source, "x.json")).toThrow(`x.json is not valid: ${expected}`);
  });

  it("says of a file that it is missing, or not JSON", () => {
    expect(() => loadMapping("/nowhere.json")).toThrow("/nowhere.json cannot be read");
    expect(() => loadMapping(write("broken.json", "{"))).toThrow("broken.json is not JSON");
  });
});

describe("the mappings that come along", () => {
  it.each(readdirSync("mappings"))("%s is valid, and its definition exists", (file) => {
    const { definition = "ecommerce" } = loadMapping(`mappings/${file}`);
    expect(parseDefinition(definitions[definition]).name).toBe(definition);
  });
});

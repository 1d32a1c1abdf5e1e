import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { generateDocument } from "../../scripts/openapi.ts";

const FILE = join(import.meta.dirname, "../../openapi.json");
const text = readFileSync(FILE, "utf8");

describe("openapi.json", () => {
  it("is what the schemas say now", async () => {
    const message =
      "openapi.json is not what the schemas say: run npm run openapi, and look at the difference";
    expect((await generateDocument()) === text, message).toBe(true);
  });

  it("is OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(text));
    expect(errors).toBeUndefined();
    expect([valid, validator.version]).toEqual([true, "3.1"]);
  });

  it("names nothing twice, and refers to nothing that is not there", () => {
    const ids = [...text.matchAll(/"operationId": "(\w+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const document: { components: Record<string, Record<string, unknown>> } = JSON.parse(text);
    for (const [, kind = "", name = ""] of text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)) {
      expect(document.components[kind], `${kind}/${name}`).toHaveProperty(name);
    }
  });
});

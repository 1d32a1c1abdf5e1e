import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { JSDOM } from "jsdom";
import { expect, it, vi } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const BUNDLE = createRequire(import.meta.url).resolve("swagger-ui-dist/swagger-ui-bundle.js");
const page = (file: string) => readFileSync(join(ROOT, "src/openapi/page", file), "utf8");

it("the reference shows each operation of the document, and asks this host alone", async () => {
  const text = readFileSync(join(ROOT, "openapi.json"), "utf8");
  const document: { paths: Record<string, object> } = JSON.parse(text);
  const operations = Object.values(document.paths).reduce((sum, path) => sum + Object.keys(path).length, 0);

  // jsdom loads nothing by itself: what the page asks for is what its scripts ask for.
  const { window } = new JSDOM(page("index.html"), {
    url: "https://limn.test/docs",
    runScripts: "outside-only",
  });
  const asked: string[] = [];
  window.fetch = async (url) => {
    asked.push(new URL(url, "https://limn.test").href);
    return new Response(text, { headers: { "Content-Type": "application/json" } });
  };
  window.eval("scrollTo = () => {}");
  window.eval(readFileSync(BUNDLE, "utf8"));
  window.eval(page("initializer.js"));
  const shown = () => window.eval("document.querySelectorAll('.opblock').length");
  await vi.waitFor(() => expect(shown()).toBe(operations), 20_000);
  expect(window.eval("document.querySelectorAll('.errors-wrapper').length")).toBe(0);
  expect(asked).toEqual(["https://limn.test/openapi.json"]);
  window.close();
});

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { JSDOM } from "jsdom";

/** The client of a page: its bundle as it is loaded by a script tag. */
const BUNDLE = createRequire(import.meta.url)
  .resolve("@segment/analytics-next")
  .replace(/dist\/.*$/, "dist/umd/index.js");

const ORIGIN = "https://shop.example";

/** What of Segment's browser client is used. */
export interface BrowserClient {
  identify(user: string, traits: object): Promise<unknown>;
  track(event: string, properties: object): Promise<unknown>;
}

/** A page of another origin that has loaded Segment's client, and is left with `close`. */
export function openPage(settings: object, options: object = {}): { client: BrowserClient; close(): void } {
  const { window } = new JSDOM("<!doctype html><title>Shop</title>", {
    url: `${ORIGIN}/shoes?size=42`,
    runScripts: "outside-only",
  });
  window.fetch = fetchAsPage;
  window.eval(readFileSync(BUNDLE, "utf8"));
  const load = `AnalyticsNext.AnalyticsBrowser.load(${JSON.stringify(settings)}, ${JSON.stringify(options)})`;
  return { client: asClient(window.eval(load)), close: () => window.close() };
}

function asClient(value: unknown): BrowserClient {
  const isClient = (it: object | null): it is BrowserClient =>
    it !== null && "identify" in it && "track" in it;
  if (typeof value === "object" && isClient(value)) return value;
  throw new Error("the bundle made no client");
}

const SAFE_TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];
const preflights = new Map<string, Promise<Set<string>>>();

/**
 * Fetches as a browser does for a page of another origin (Fetch, "CORS protocol"): asks before it sends what no form
 * could, and keeps from the page an answer that does not allow its origin.
 */
async function fetchAsPage(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const type = headers.get("Content-Type")?.split(";")[0] ?? "";
  const unsafe = [...headers.keys()].filter((name) => name !== "content-type" || !SAFE_TYPES.includes(type));
  if (unsafe.length > 0) {
    const asked = preflights.get(url) ?? ask(url, init.method ?? "GET", unsafe);
    preflights.set(url, asked);
    const allowed = await asked;
    const refused = unsafe.filter((name) => !allowed.has(name));
    if (refused.length > 0) throw new TypeError(`the preflight does not allow ${refused.join(", ")}`);
  }
  headers.set("Origin", ORIGIN);
  const { body = null, method = "GET" } = init;
  const response = await fetch(url, { method, headers, body });
  if (response.headers.get("Access-Control-Allow-Origin") !== "*")
    throw new TypeError("the answer is not open");
  return response;
}

async function ask(url: string, method: string, names: string[]): Promise<Set<string>> {
  const headers = {
    Origin: ORIGIN,
    "Access-Control-Request-Method": method.toUpperCase(),
    "Access-Control-Request-Headers": names.sort().join(","),
  };
  const { status, headers: told } = await fetch(url, { method: "OPTIONS", headers });
  const list = (name: string) => (told.get(name) ?? "").toLowerCase().split(/, */);
  const isAllowed =
    status === 204 &&
    told.get("Access-Control-Allow-Origin") === "*" &&
    list("Access-Control-Allow-Methods").includes(method.toLowerCase());
  return new Set(isAllowed ? list("Access-Control-Allow-Headers") : []);
}

import { describe, expect, it } from "vitest";
import { ACCESS } from "../../src/http/auth.ts";
import { call, profilePath, send, someone, view, WRITE } from "./client.ts";

const Origin = "https://shop.example";

/** What the pages of a shop may do. */
const OPEN = Object.keys(ACCESS).filter(
  (route) =>
    /^POST \/v1\/(events|identify|track|page|screen|group|alias|batch|[itpsgab])$/.test(route) ||
    /^GET \/v1\/(profiles\/:id|profiles\/:id\/live|projects\/:writeKey\/settings)$/.test(route),
);

function preflight(route: string): Promise<Response> {
  const [method = "", path = ""] = route.split(" ");
  return call("OPTIONS", path.replace(/:\w+/g, "x"), {
    key: null,
    headers: {
      Origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": "authorization,content-type,x-retry-count",
    },
  });
}

describe("a page of another origin", () => {
  it("may send events and read a profile", () => {
    expect(OPEN).toHaveLength(18);
  });

  it.each(OPEN)("is told that it may %s, without a key", async (route) => {
    const response = await preflight(route);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": route.split(" ")[0],
      "access-control-max-age": "86400",
      "x-request-id": expect.any(String),
    });
    const allowed = response.headers.get("Access-Control-Allow-Headers") ?? "";
    for (const name of [
      "Authorization",
      "Content-Type",
      "Content-Encoding",
      "X-Request-Id",
      "X-Retry-Count",
    ]) {
      expect(allowed.split(", ")).toContain(name);
    }
    expect(response.headers.has("Access-Control-Allow-Credentials")).toBe(false);
  });

  it.each(Object.keys(ACCESS).filter((route) => !OPEN.includes(route)))("may not %s", async (route) => {
    const response = await preflight(route);
    expect(response.status).toBe(405);
    expect(response.headers.has("Access-Control-Allow-Origin")).toBe(false);
  });

  it("may read what it is answered, a refusal too", async () => {
    const user = someone();
    const headers = { Origin };
    for (const [status, response] of [
      [200, await send(view(user, "e1"), { key: WRITE, headers })],
      [401, await send(view(user, "e1"), { key: "wrong", headers })],
      [200, await call("POST", "/v1/t", { key: WRITE, headers, body: { userId: user, event: "E" } })],
      [415, await call("POST", "/v1/t", { headers: { Origin, "Content-Type": "x/y" }, body: "x" })],
      [200, await call("GET", profilePath(user), { headers })],
      [404, await call("GET", profilePath(someone()), { headers })],
    ] as const) {
      expect(response.status).toBe(status);
      expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(response.headers.get("Access-Control-Expose-Headers")).toContain("Retry-After");
    }
  });

  it("may not read what is for servers", async () => {
    for (const path of ["/v1/stats", `${profilePath(someone())}/events`, "/v1/nothing"]) {
      const response = await call("GET", path, { headers: { Origin } });
      expect(response.headers.has("Access-Control-Allow-Origin")).toBe(false);
    }
  });
});

describe("a request that is no page's", () => {
  it("is answered without these headers", async () => {
    const response = await send(view(someone(), "e1"));
    expect(response.headers.has("Access-Control-Allow-Origin")).toBe(false);
  });

  it("gets no answer to OPTIONS", async () => {
    const response = await call("OPTIONS", "/v1/events", { key: null });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, "POST"]);
  });
});

import { describe, expect, it } from "vitest";
import { version } from "../../package.json";
import { call } from "./client.ts";

describe("the app", () => {
  it("says that it is up, without a key", async () => {
    const response = await call("GET", "/healthz", { key: null });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok", definition: "ecommerce", prior: null, version });
  });

  it("answers 404 where there is nothing and 405 where there is another method", async () => {
    expect((await call("GET", "/v1/nothing")).status).toBe(404);
    const response = await call("DELETE", "/v1/events");
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("POST");
    expect(await response.json()).toMatchObject({ type: "/problems/method-not-allowed", status: 405 });
  });

  it("gives each answer a request id: the caller's when it is sane", async () => {
    const idOf = async (sent: string) =>
      (await call("GET", "/v1/nothing", { headers: { "x-request-id": sent } })).headers.get("x-request-id");
    expect(await idOf("trace-1")).toBe("trace-1");
    for (const odd of ["", "a b", "x".repeat(65), "<script>", "jane@example.com"]) {
      expect(await idOf(odd)).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    }
  });

  it("names the occurrence of a problem by a reference that leads to its page and tells the request id", async () => {
    const response = await call("GET", "/v1/profiles/null");
    const { type, instance }: { type: string; instance: string } = await response.json();
    const reference = new URL(instance, "https://limn.test/v1/profiles/null");
    expect(reference.hash).toBe(`#${response.headers.get("X-Request-Id")}`);
    const page = await call("GET", reference.pathname, { key: null });
    expect([page.status, await page.json()]).toMatchObject([200, { type }]);
  });

  it("describes a problem by code, title, detail, occurrence and remedy", async () => {
    const response = await call("GET", "/v1/profiles/nobody", { headers: { "X-Request-Id": "trace-1" } });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      type: "/problems/profile-unknown",
      title: "There is no such profile",
      status: 404,
      detail: "There is no such profile.",
      instance: "/problems/profile-unknown#trace-1",
      remedy: expect.any(String),
    });
  });
});

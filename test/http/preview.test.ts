import { describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { call, profilePath, request, send, someone, view } from "./client.ts";
import { faking } from "./faking.ts";

const preview = (user: string, body: unknown) => call("POST", `${profilePath(user)}/preview`, { body });

/** A definition with one count and nothing else. */
const draft = { name: "draft", events: { "Product Viewed": {} }, windows: ["1h"] };

describe("POST /v1/profiles/:id/preview", () => {
  it("shows the profile with hypothetical events, and writes nothing", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const path = `${profilePath(user)}?at=2026-11-02T00:00:00Z`;
    const before = await (await call("GET", path)).json<object>();
    const at = "2026-11-02T00:00:00Z";
    expect(await (await preview(user, { at })).json()).toEqual({ ...before, preview: true });

    const { id, userId: _, ...event } = view(user, "e2", { timestamp: "2026-11-01T11:00:00Z" });
    const response = await preview(user, { events: [{ messageId: id, ...event }], at: Date.parse(at) });
    expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    expect(await response.json()).toMatchObject({ id: user, events: 2, preview: true });
    expect(await (await call("GET", path)).json()).toEqual(before);
  });

  it("shows it under a draft of a definition", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const response = await preview(user, { definition: draft });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ definition: "draft", events: 1, scores: {} });
  });

  it("shows a user who is unknown, or anonymous", async () => {
    const user = `anonymous:${someone()}`;
    const event = { id: "e", event: "Cart Viewed" };
    expect(await (await preview(user, { events: [event] })).json()).toMatchObject({ id: user, events: 1 });
    expect((await call("GET", profilePath(user))).status).toBe(404);
  });

  it("names each event that is none, or another's", async () => {
    const user = someone();
    const events = [view(user, "e1"), view("other", "e2"), view(user, "e3", { timestamp: "soon" }), 7];
    const response = await preview(user, { events });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      type: "/problems/body-invalid",
      pointer: "/events/1",
      errors: [{ pointer: "/events/1" }, { pointer: "/events/2/timestamp" }, { pointer: "/events/3" }],
    });
  });

  it("names what is wrong with a definition", async () => {
    const definition = { ...draft, windows: ["1 hour"], colour: "red" };
    const response = await preview(someone(), { definition });
    expect(response.status).toBe(422);
    const { type, errors } = await response.json<{ type: string; errors: { pointer: string }[] }>();
    expect(type).toBe("/problems/definition-invalid");
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual([
      "/definition/colour",
      "/definition/windows/0",
    ]);
  });

  it("refuses a history that is too long for a definition", async () => {
    const { env } = faking({ preview: async () => ({ status: "too-long", most: 20_000 }) });
    const sent = request("POST", `${profilePath(someone())}/preview`, { body: { definition: draft } });
    const response = await app.fetch(sent, env);
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { type: "/problems/history-too-long", detail: expect.stringContaining("20000") },
    ]);
  });

  it.each<[unknown, string]>([
    [7, ""],
    [{ event: {} }, "/event"],
    [{ events: {} }, "/events"],
    [{ definition: "ecommerce" }, "/definition"],
    [{ definition: [] }, "/definition"],
    [{ at: "yesterday" }, "/at"],
    [{ at: 1.5 }, "/at"],
    [{ at: -1 }, "/at"],
  ])("refuses %j", async (body, pointer) => {
    const response = await preview(someone(), body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ type: "/problems/body-invalid", pointer });
  });

  it("refuses too many events, and a user that cannot be", async () => {
    const events = Array.from({ length: 2501 }, (_, i) => ({ id: `e${i}`, event: "E" }));
    expect((await preview(someone(), { events })).status).toBe(413);
    expect((await preview("null", {})).status).toBe(404);
  });
});

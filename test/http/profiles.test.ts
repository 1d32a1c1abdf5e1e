import { describe, expect, it } from "vitest";
import { PROFILE_FIELDS } from "../../src/http/profiles.ts";
import { call, profilePath, send, someone, view } from "./client.ts";

async function known(...ids: string[]): Promise<string> {
  const user = someone();
  await send(ids.map((id) => view(user, id)));
  return user;
}

describe("GET /v1/profiles/:id", () => {
  it("answers the profile, private, with its version", async () => {
    const user = await known("e1");
    const response = await call("GET", profilePath(user));
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(response.headers.get("ETag")).toBe('"1"');
    expect(response.headers.get("Cache-Control")).toBe("private, no-cache");
    const profile = await response.json<Record<string, unknown>>();
    expect(profile).toMatchObject({ id: user, version: 1, events: 1, definition: "ecommerce" });
    const always = PROFILE_FIELDS.filter((field) => field !== "merged" && field !== "merging");
    expect(Object.keys(profile).sort()).toEqual(always.sort());
  });

  it("is not modified for whoever has the version, until there is another", async () => {
    const user = await known("e1");
    const status = async (tag: string) =>
      (await call("GET", profilePath(user), { headers: { "If-None-Match": tag } })).status;
    const response = await call("GET", profilePath(user), { headers: { "If-None-Match": '"1"' } });
    expect([response.status, response.headers.get("ETag"), await response.text()]).toEqual([304, '"1"', ""]);
    expect(await status('W/"1"')).toBe(304);
    expect(await status('"0"')).toBe(200);
    expect(await status("garbage")).toBe(200);
    await send(view(user, "e2"));
    expect(await status('"1"')).toBe(200);
  });

  it("answers some fields", async () => {
    const user = await known("e1");
    const response = await call("GET", `${profilePath(user)}?fields=version,events`);
    expect(await response.json()).toEqual({ version: 1, events: 1 });
  });

  it("answers the profile as it was at a time", async () => {
    const user = someone();
    await send([view(user, "e1"), view(user, "e2", { timestamp: "2026-11-02T10:00:00Z" })]);
    for (const at of [
      "2026-11-02T10:00:00+01:00",
      "2026-11-02T09:00:00Z",
      String(Date.UTC(2026, 10, 2, 9)),
    ]) {
      const response = await call("GET", `${profilePath(user)}?at=${at}&fields=events,asOf`);
      expect(await response.json()).toEqual({ events: 1, asOf: "2026-11-02T09:00:00.000Z" });
    }
  });

  it.each([
    ["fields=version,nothing", "fields"],
    ["fields=", "fields"],
    ["fields=__proto__", "fields"],
    ["at=yesterday", "at"],
    ["at=2026-02-30T00:00:00Z", "at"],
    ["at=-1", "at"],
    ["att=1", "att"],
    ["__proto__=1", "__proto__"],
  ])("refuses ?%s", async (query, parameter) => {
    const response = await call("GET", `/v1/profiles/u?${query}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ type: "/problems/query-invalid", parameter });
  });

  it("finds users by any id they can have", async () => {
    for (const odd of [
      "a/b",
      "100%",
      "%41",
      "ü ~?#&+",
      "..x",
      "🙂",
      "'; DROP TABLE head; --",
      "<script>",
      "\u0000",
    ]) {
      const user = `${odd}${someone()}`;
      await send(view(user, "e"));
      const response = await call("GET", `${profilePath(user)}?fields=id`);
      expect([odd, await response.json()]).toEqual([odd, { id: user }]);
    }
  });

  it("finds visitors without a userId under anonymous:", async () => {
    const visitor = someone();
    await send({ id: "e", anonymousId: visitor, event: "E" });
    expect((await call("GET", profilePath(`anonymous:${visitor}`))).status).toBe(200);
    expect((await call("GET", profilePath(visitor))).status).toBe(404);
  });

  it("answers 404 for whoever is unknown or cannot exist", async () => {
    for (const user of [someone(), "null", "x".repeat(400), "anonymous:"]) {
      const response = await call("GET", profilePath(user));
      expect([response.status, (await response.json<{ type: string }>()).type]).toEqual([
        404,
        "/problems/profile-unknown",
      ]);
    }
  });
});

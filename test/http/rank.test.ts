import { describe, expect, it } from "vitest";
import { call, profilePath, send, someone, view } from "./client.ts";

interface Answer {
  model: string;
  version: number;
  ranked: { id: string; score: number; sd: number; contributions?: object[] }[];
}

const rank = (user: string, body: unknown) => call("POST", `${profilePath(user)}/rank`, { body });

const candidates = ["shoes", "hats", "socks"].map((category, i) => ({
  id: `c${i}`,
  properties: { category, price: 20 },
}));

describe("POST /v1/profiles/:id/rank", () => {
  it("orders all candidates for a user", async () => {
    const user = someone();
    await send([
      view(user, "e1"),
      view(user, "e2", { event: "Order Completed", timestamp: "2026-11-01T11:00:00Z" }),
    ]);
    const response = await rank(user, { candidates });
    expect(response.status).toBe(200);
    const { model, version, ranked } = await response.json<Answer>();
    expect([model, version]).toEqual(["purchase", 1]);
    expect(ranked.map(({ id }) => id).sort()).toEqual(["c0", "c1", "c2"]);
    expect(ranked.every(({ score, sd }) => score >= 0 && score <= 1 && sd >= 0)).toBe(true);
    expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ score }) => score).sort((a, b) => b - a));
    expect(ranked.some((one) => "contributions" in one)).toBe(false);
  });

  it("answers the best few, and explains them when asked", async () => {
    const { ranked } = await (
      await rank(someone(), { candidates, limit: 2, explain: true, model: "purchase" })
    ).json<Answer>();
    expect(ranked).toHaveLength(2);
    expect(Array.isArray(ranked[0]?.contributions)).toBe(true);
  });

  it("ranks for an unknown user as for an empty profile", async () => {
    const user = someone();
    expect(await (await rank(user, { candidates })).json()).toMatchObject({ version: 0 });
    expect((await call("GET", profilePath(user))).status).toBe(404);
  });

  it("names the models that there are", async () => {
    const response = await rank(someone(), { candidates, model: "love" });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      type: "/problems/model-unknown",
      pointer: "/model",
      detail: expect.stringContaining("purchase"),
    });
  });

  it.each<[string, string]>([
    ["7", ""],
    ["[]", "/candidates"],
    ["{}", "/candidates"],
    ['{"candidates":[]}', "/candidates"],
    ['{"candidates":[{"id":7,"properties":{}}]}', "/candidates/0/id"],
    ['{"candidates":[{"id":"","properties":{}}]}', "/candidates/0/id"],
    ['{"candidates":[{"id":"c"}]}', "/candidates/0/properties"],
    ['{"candidates":[{"id":"c","properties":[]}]}', "/candidates/0/properties"],
    ['{"candidates":[{"id":"c","properties":{},"__proto__":{}}]}', "/candidates/0/__proto__"],
    ['{"candidates":[{"id":"c","properties":{"price":1e400}}]}', "/candidates/0/properties/price"],
    ['{"candidates":[{"id":"c","properties":{"s":"\\ud800"}}]}', "/candidates/0/properties/s"],
    ['{"candidates":[{"id":"c","properties":{}}],"limit":0}', "/limit"],
    ['{"candidates":[{"id":"c","properties":{}}],"limit":1001}', "/limit"],
    ['{"candidates":[{"id":"c","properties":{}}],"explain":"yes"}', "/explain"],
    ['{"candidates":[{"id":"c","properties":{}}],"modle":"purchase"}', "/modle"],
  ])("refuses %s", async (body, pointer) => {
    const response = await rank("u", body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ type: "/problems/body-invalid", pointer });
  });

  it("takes 1,000 candidates and refuses one more", async () => {
    const many = (count: number) => ({
      candidates: Array.from({ length: count }, (_, i) => ({ id: `c${i}`, properties: {} })),
    });
    expect((await (await rank(someone(), many(1000))).json<Answer>()).ranked).toHaveLength(1000);
    expect((await rank(someone(), many(1001))).status).toBe(422);
  });

  it("takes JSON only", async () => {
    const response = await call("POST", "/v1/profiles/u/rank", {
      body: "{}",
      headers: { "Content-Type": "text/plain" },
    });
    expect(response.status).toBe(415);
    expect((await rank("u", "{")).status).toBe(400);
  });

  it("carries __proto__ keys of candidates as data", async () => {
    const body = '{"candidates":[{"id":"c","properties":{"__proto__":{"x":1},"price":-0}}]}';
    expect((await rank(someone(), body)).status).toBe(200);
  });
});

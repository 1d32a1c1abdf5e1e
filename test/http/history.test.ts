import { describe, expect, it } from "vitest";
import { call, profilePath, send, someone, view } from "./client.ts";

interface Page {
  data: { id: string; event: string; timestamp: string }[];
  cursor: { next: string | null; has_more: boolean };
}

async function page(user: string, query = ""): Promise<Page> {
  const response = await call("GET", `${profilePath(user)}/events${query}`);
  expect(response.status).toBe(200);
  return response.json<Page>();
}

const at = (minute: number) => new Date(Date.UTC(2026, 10, 1, 10, minute)).toISOString();

describe("GET /v1/profiles/:id/events", () => {
  it("answers what was sent, newest first", async () => {
    const user = someone();
    await send([
      view(user, "e1", { traits: { plan: "pro" }, timestamp: at(1) }),
      { id: "e2", userId: user, event: "Cart Viewed", timestamp: at(2) },
    ]);
    expect(await page(user)).toEqual({
      data: [
        { id: "e2", event: "Cart Viewed", timestamp: at(2), receivedAt: expect.any(String), properties: {} },
        {
          id: "e1",
          event: "Product Viewed",
          timestamp: at(1),
          receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
          properties: { product_id: "p1", category: "shoes", price: 50 },
          traits: { plan: "pro" },
        },
      ],
      cursor: { next: null, has_more: false },
    });
  });

  it("gives every event once, page by page, those of one moment too", async () => {
    const user = someone();
    const ids = Array.from({ length: 23 }, (_, i) => `e${String(i).padStart(2, "0")}`);
    await send(ids.map((id, i) => view(user, id, { timestamp: at(Math.floor(i / 4)) })));
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const query: string = next === null ? "?limit=5" : `?limit=5&cursor=${next}`;
      const { data, cursor }: Page = await page(user, query);
      expect(cursor.has_more).toBe(cursor.next !== null);
      expect(data.length).toBeLessThanOrEqual(5);
      seen.push(...data.map(({ id }) => id));
      next = cursor.next;
    } while (next !== null);
    expect(seen).toEqual([...ids].reverse());
  });

  it("filters by event and by time, from inclusive, to exclusive", async () => {
    const user = someone();
    await send(
      [0, 1, 2, 3].map((i) => view(user, `e${i}`, { timestamp: at(i), event: i % 2 ? "Odd & +" : "Even" })),
    );
    const ids = async (query: string) => (await page(user, query)).data.map(({ id }) => id);
    expect(await ids(`?event=${encodeURIComponent("Odd & +")}`)).toEqual(["e3", "e1"]);
    expect(await ids(`?from=${at(1)}&to=${at(3)}`)).toEqual(["e2", "e1"]);
    expect(await ids(`?from=${Date.parse(at(3))}`)).toEqual(["e3"]);
  });

  it("has 50 a page unless told, 200 at most", async () => {
    const user = someone();
    await send(Array.from({ length: 60 }, (_, i) => view(user, `e${i}`)));
    expect((await page(user)).data).toHaveLength(50);
    expect((await page(user, "?limit=200")).data).toHaveLength(60);
  });

  it("of an unknown user are none", async () => {
    expect(await page(someone())).toEqual({ data: [], cursor: { next: null, has_more: false } });
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["limit=1.5", "limit"],
    ["limit=all", "limit"],
    ["cursor=", "cursor"],
    ["cursor=%%%", "cursor"],
    [`cursor=${btoa("[1]")}`, "cursor"],
    [`cursor=${btoa('["1","e"]').replace(/=+$/, "")}`, "cursor"],
    ["from=now", "from"],
    ["to=2026-11-25", "to"],
    ["page=2", "page"],
  ])("refuses ?%s", async (query, parameter) => {
    const response = await call("GET", `/v1/profiles/u/events?${query}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ type: "/problems/query-invalid", parameter });
  });
});

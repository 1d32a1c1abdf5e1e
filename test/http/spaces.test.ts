import { describe, expect, it, vi } from "vitest";
import { call, type Options, SECRET, send, someone, view, WRITE } from "./client.ts";

interface Cursor {
  url: string;
  has_more: boolean;
  next: string;
  limit: number;
}

interface Listed {
  data: { message_id: string; event: string; type: string; id: string }[];
  cursor: Cursor;
}

interface Traits {
  traits: Record<string, unknown>;
  cursor: Cursor;
}

const at = (minute: number) => new Date(Date.UTC(2026, 10, 1, 10, minute)).toISOString();

const pathTo = (profile: string, what: string, collection = "users") =>
  `/v1/spaces/lgJ4AAjFN4/collections/${collection}/profiles/${profile}/${what}`;
const pathOf = (user: string, what: string) => pathTo(`user_id:${encodeURIComponent(user)}`, what);

async function read<T>(path: string): Promise<T> {
  const response = await call("GET", path);
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get("Cache-Control")).toBe("private, no-cache");
  return response.json<T>();
}

const problemOf = async (path: string, options?: Options) => {
  const response = await call("GET", path, options);
  expect(response.headers.has("X-Request-Id")).toBe(true);
  return [response.status, await response.json()];
};

/** Every page from a path on, by following `cursor.url`. */
async function pages<T extends { cursor: Cursor }>(path: string): Promise<T[]> {
  const found: T[] = [];
  for (let url = path; ; ) {
    const page = await read<T>(url);
    found.push(page);
    expect(page.cursor.has_more).toBe(page.cursor.next !== "");
    if (!page.cursor.has_more) return found;
    url = page.cursor.url;
  }
}

async function declaring(traits: object, more: object = {}): Promise<string> {
  const user = someone();
  await send({ id: "t1", userId: user, traits, timestamp: at(0), ...more });
  return user;
}

const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`trait_${String(i).padStart(2, "0")}`, i]));

describe("a profile's traits", () => {
  it("are those declared, as values, or with where and when they come from", async () => {
    const user = await declaring({ plan: "pro", address: { city: "Bonn" }, vip: true });
    await send({ id: "t2", userId: user, traits: { plan: "free", vip: null }, timestamp: at(5) });
    const path = pathOf(user, "traits");
    expect(await read(path)).toEqual({
      traits: { address: { city: "Bonn" }, plan: "free" },
      cursor: { url: path, has_more: false, next: "", limit: 10 },
    });
    expect((await read<Traits>(`${path}?verbose=true`)).traits).toEqual({
      address: { value: { city: "Bonn" }, source_id: null, updated_at: at(0) },
      plan: { value: "free", source_id: null, updated_at: at(5) },
    });
  });

  it("come ten a page unless told, and each once to the end", async () => {
    const traits = numbered(47);
    const path = pathOf(await declaring(traits), "traits");
    expect(Object.keys((await read<Traits>(path)).traits)).toHaveLength(10);
    for (const query of ["", "?limit=1", "?limit=23", "?limit=47", "?limit=200", "?verbose=false&limit=46"]) {
      const names = (await pages<Traits>(path + query)).flatMap((page) => Object.keys(page.traits));
      expect(names).toEqual(Object.keys(traits));
    }
  });

  it("are only those included, whose pages go on too", async () => {
    const path = pathOf(await declaring(numbered(30)), "traits");
    const found = await pages<Traits>(`${path}?include=trait_07,%20trait_29,missing,trait_11&limit=2`);
    expect(found.map((page) => page.traits)).toEqual([{ trait_07: 7, trait_11: 11 }, { trait_29: 29 }]);
  });

  it("may be named as no object's own member is", async () => {
    const user = someone();
    const body = `{"id":"t","userId":"${user}","traits":{"__proto__":{"a":1},"constructor":2}}`;
    expect((await send(body)).status).toBe(200);
    const response = await call("GET", pathOf(user, "traits"));
    expect(await response.text()).toContain('{"traits":{"__proto__":{"a":1},"constructor":2},');
  });

  it("of the class computed_trait are what was worked out, of the class audience none", async () => {
    const user = await declaring({ plan: "pro" });
    await send([view(user, "e1"), view(user, "e2"), view(user, "e3", { properties: { category: "hats" } })]);
    const computed = await read<Traits>(`${pathOf(user, "traits")}?class=computed_trait&limit=200`);
    expect(computed.traits).toMatchObject({ top_category: "shoes", top_product_id: "p1" });
    expect(Object.keys(computed.traits)).not.toContain("plan");
    expect(computed.traits).not.toHaveProperty("top_brand");
    const profile = await (await call("GET", `/v1/profiles/${user}?fields=scores`)).json<{
      scores: Record<string, { probability: number }>;
    }>();
    const [[model, score] = ["", undefined]] = Object.entries(profile.scores);
    expect(computed.traits[`score_${model}`]).toBeCloseTo(score?.probability ?? Number.NaN, 3);
    expect((await read<Traits>(`${pathOf(user, "traits")}?class=audience`)).traits).toEqual({});
  });
});

describe("a profile's events", () => {
  it("are told as Segment tells them", async () => {
    const user = await declaring({ plan: "pro" });
    await send(view(user, "e1", { timestamp: at(1) }));
    const path = pathOf(user, "events");
    const ids = [{ collection: "users", type: "user_id", id: user, encoding: "none" }];
    expect(await read(path)).toEqual({
      data: [
        {
          external_ids: ids,
          context: {},
          type: "track",
          event: "Product Viewed",
          properties: { product_id: "p1", category: "shoes", price: 50 },
          timestamp: at(1),
          message_id: "e1",
          source_id: null,
          related: { users: user },
        },
        expect.objectContaining({
          type: "identify",
          event: "Identify",
          message_id: "t1",
          context: { traits: { plan: "pro" } },
        }),
      ],
      cursor: { url: path, has_more: false, next: "", limit: 10 },
    });
  });

  it("come page by page, each once, in either order, those of one moment and of sealed pages too", async () => {
    const user = someone();
    const ids = Array.from({ length: 350 }, (_, i) => `e${String(i).padStart(3, "0")}`);
    await send(ids.map((id, i) => view(user, id, { timestamp: at(Math.floor(i / 7)) })));
    const list = async (query: string) =>
      (await pages<Listed>(`${pathOf(user, "events")}?${query}`)).flatMap(({ data }) =>
        data.map(({ message_id }) => message_id),
      );
    expect(await list("limit=40")).toEqual(ids.toReversed());
    expect(await list("sort=desc&limit=200")).toEqual(ids.toReversed());
    expect(await list("sort=asc&limit=33")).toEqual(ids);
    expect(await list(`sort=asc&limit=20&start=${at(3)}&end=${at(10)}`)).toEqual(ids.slice(21, 70));
    expect(await list(`limit=20&start=${at(3)}&end=${at(10)}`)).toEqual(ids.slice(21, 70).reverse());
  });

  it("are of the names included, and of none excluded", async () => {
    const user = someone();
    const names = ["A", "B b", "C", "A", "D"];
    await send(names.map((event, i) => view(user, `e${i}`, { event, timestamp: at(i) })));
    const list = async (query: string) =>
      (await read<Listed>(`${pathOf(user, "events")}?${query}`)).data.map(({ event }) => event);
    expect(await list("include=A,B%20b&sort=asc")).toEqual(["A", "B b", "A"]);
    expect(await list("exclude=A,D&sort=asc")).toEqual(["B b", "C"]);
    expect(await list("include=A,C&exclude=C")).toEqual(["A", "A"]);
    expect(await list("include=Z")).toEqual([]);
    expect(await list("start=2026-11-01&end=2026-11-02&sort=asc")).toEqual(names);
    expect(await list("end=2026-11-01")).toEqual([]);
  });
});

describe("a profile's other parts", () => {
  it("are the id it goes by, its beginning and end, and no links", async () => {
    const user = someone();
    await send([view(user, "late", { timestamp: at(9) }), view(user, "early", { timestamp: at(2) })]);
    const path = pathOf(user, "external_ids");
    const ids = await read<Listed>(path);
    expect(ids).toEqual({
      data: [
        {
          collection: "users",
          type: "user_id",
          id: user,
          encoding: "none",
          source_id: null,
          created_at: at(2),
          first_message_id: "early",
        },
      ],
      cursor: { url: path, has_more: false, next: "", limit: 10 },
    });
    expect((await read<Listed>(`${path}?include=email`)).data).toEqual([]);
    expect((await read<Listed>(`${path}?include=anonymous_id,user_id&verbose=true`)).data).toEqual(ids.data);
    expect(await read(pathOf(user, "metadata"))).toEqual({
      metadata: {
        created_at: at(2),
        updated_at: at(9),
        expires_at: null,
        first_message_id: "early",
        first_source_id: null,
        last_message_id: "late",
        last_source_id: null,
      },
    });
    expect(await read(`${pathOf(user, "links")}?limit=20`)).toMatchObject({
      data: [],
      cursor: { has_more: false },
    });
  });

  it("hold the ids of the profiles that were merged into it, and whose an event was", async () => {
    const [user, device] = [someone(), someone()];
    await send({ id: "a1", anonymousId: device, event: "Product Viewed", timestamp: at(1) });
    await send({ id: "i1", userId: user, anonymousId: device, event: "Identify", timestamp: at(2) });
    const path = pathOf(user, "external_ids");
    await vi.waitFor(async () => expect((await read<Listed>(pathOf(user, "events"))).data).toHaveLength(2));
    const ids = [
      { type: "anonymous_id", id: device },
      { type: "user_id", id: user },
    ];
    expect((await read<Listed>(path)).data).toMatchObject(ids);
    const first = await read<Listed>(`${path}?limit=1`);
    expect(first).toMatchObject({ data: ids.slice(0, 1), cursor: { has_more: true } });
    const second = await read<Listed>(first.cursor.url);
    expect(second).toMatchObject({ data: ids.slice(1), cursor: { has_more: false } });
    const byDevice = await read<Listed>(pathTo(`anonymous_id:${device}`, "events"));
    expect(byDevice.data).toMatchObject([
      { message_id: "i1", external_ids: [{ type: "user_id", id: user }] },
      { message_id: "a1", external_ids: [{ type: "anonymous_id", id: device }] },
    ]);
  });

  it("are there when its only event was erased", async () => {
    const user = someone();
    await send(view(user, "e1"));
    await call("DELETE", `/v1/profiles/${user}/events/e1`);
    expect(await read(pathOf(user, "metadata"))).toMatchObject({
      metadata: { created_at: null, first_message_id: null, last_message_id: null },
    });
    expect((await read<Listed>(pathOf(user, "events"))).data).toEqual([]);
    expect((await read<Listed>(pathOf(user, "external_ids"))).data).toMatchObject([{ id: user }]);
  });
});

const PARTS = ["traits", "external_ids", "events", "metadata", "links"];

describe("a path to a profile", () => {
  it("may hold any id: with colons, slashes, percent signs, umlauts", async () => {
    for (const odd of ["a:b:c", "a/b", "100%25", "a%2Fb", "ü ñ", "user_id:x", "?q=1&r", "#f", "."]) {
      const user = `${odd}-${crypto.randomUUID()}`;
      await send({ id: "t", userId: user, traits: { odd } });
      expect((await read<Traits>(pathOf(user, "traits"))).traits).toEqual({ odd });
      expect((await read<Listed>(pathOf(user, "external_ids"))).data).toMatchObject([{ id: user }]);
    }
  });

  it("may have its colon encoded, and be in a space of any name", async () => {
    const user = await declaring({ a: 1 });
    for (const path of [
      pathTo(`user_id%3A${user}`, "traits"),
      `/v1/spaces/another/collections/users/profiles/user_id:${user}/traits`,
    ]) {
      expect((await read<Traits>(path)).traits).toEqual({ a: 1 });
    }
  });

  it("keeps users and anonymous profiles of one id apart", async () => {
    const id = someone();
    await send([
      { id: "t", userId: id, traits: { known: true } },
      { id: "t", anonymousId: id, traits: { known: false } },
    ]);
    expect((await read<Traits>(pathTo(`user_id:${id}`, "traits"))).traits).toEqual({ known: true });
    expect((await read<Traits>(pathTo(`anonymous_id:${id}`, "traits"))).traits).toEqual({ known: false });
    expect((await read<Listed>(pathTo(`anonymous_id:${id}`, "external_ids"))).data).toMatchObject([
      { type: "anonymous_id", id },
    ]);
    const roundabout = await problemOf(pathTo(`user_id:anonymous:${id}`, "traits"));
    expect(roundabout).toMatchObject([404, { error: { code: "not_found" } }]);
  });

  it.each(PARTS)("that leads to nobody is 404: %s", async (part) => {
    for (const profile of [
      `user_id:${someone()}`,
      "user_id:",
      "user_id:null",
      `user_id:${"x".repeat(257)}`,
    ]) {
      expect(await problemOf(pathTo(profile, part))).toMatchObject([
        404,
        {
          type: "/problems/profile-unknown",
          error: { code: "not_found", message: expect.stringContaining("no such profile") },
        },
      ]);
    }
  });

  it.each(PARTS)("by other kinds of id, or to accounts, is 404 and says what to do: %s", async (part) => {
    for (const profile of ["email:jane@example.com", "android.idfa:1", "jane", ":jane", "use_1"]) {
      expect(await problemOf(pathTo(profile, part))).toMatchObject([
        404,
        { error: { code: "not_found", message: expect.stringContaining("Ask for user_id:") } },
      ]);
    }
    for (const collection of ["accounts", "!"]) {
      expect(await problemOf(pathTo("group_id:1", part, collection))).toMatchObject([
        404,
        { error: { code: "not_found", message: expect.stringContaining("Read the collection users") } },
      ]);
    }
  });

  it.each(PARTS)("opens to the secret key alone, which may be the user name of Basic: %s", async (part) => {
    const user = await declaring({ a: 1 });
    const path = pathOf(user, part);
    const basic = (pair: string) => ({ key: null, headers: { Authorization: `Basic ${btoa(pair)}` } });
    expect((await call("GET", path, basic(`${SECRET}:`))).status).toBe(200);
    expect((await call("GET", path, basic(`${WRITE}:`))).status).toBe(403);
    expect((await call("GET", path, basic("other:"))).status).toBe(401);
    expect((await call("GET", path, { key: WRITE })).status).toBe(403);
    expect((await call("GET", path, { key: null })).status).toBe(401);
    expect((await call("POST", path, { body: {} })).status).toBe(405);
  });
});

describe("a query of the Profile API is refused", () => {
  it.each([
    ["traits", "limit=0", "limit"],
    ["traits", "limit=201", "limit"],
    ["traits", "limit=ten", "limit"],
    ["traits", "class=trait", "class"],
    ["traits", "verbose=yes", "verbose"],
    ["traits", "include=a,,b", "include"],
    ["traits", `include=${"a,".repeat(100)}a`, "include"],
    ["traits", "next=", "next"],
    ["traits", "next=%25%25", "next"],
    ["traits", "offset=10", "offset"],
    ["external_ids", "limit=0", "limit"],
    ["external_ids", "include=", "include"],
    ["events", "limit=201", "limit"],
    ["events", "sort=up", "sort"],
    ["events", "start=yesterday", "start"],
    ["events", "end=2026-02-30", "end"],
    ["events", "next=abc", "next"],
    ["events", "exclude=", "exclude"],
    ["metadata", "limit=1", "limit"],
    ["links", "limit=-1", "limit"],
  ])("%s?%s", async (part, query, parameter) => {
    expect(await problemOf(`${pathTo("user_id:nobody", part)}?${query}`)).toMatchObject([
      422,
      {
        type: "/problems/query-invalid",
        parameter,
        error: { code: "validation_error", message: expect.stringContaining(`"${parameter}"`) },
      },
    ]);
  });
});

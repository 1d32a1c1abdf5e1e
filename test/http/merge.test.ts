import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, it, vi } from "vitest";
import { app } from "../../src/http/app.ts";
import type { App } from "../../src/http/context.ts";
import { join } from "../../src/http/join.ts";
import { call, profilePath, request, send, someone, view, WRITE } from "./client.ts";
import { faking } from "./faking.ts";

const AT = "?at=2027-01-01T00:00:00Z";
const anonymous = (id: string, more: object = {}) => {
  const { userId, ...event } = view("", id, more);
  return event;
};
const device = (): string => `device-${crypto.randomUUID()}`;
const at = (i: number) => new Date(Date.UTC(2026, 5, 1, 0, i)).toISOString();
/** Different in kind, time and value, by number. */
const some = (i: number) => ({
  timestamp: at((i * 37) % 500),
  event: i % 3 === 0 ? "Order Completed" : "Product Viewed",
  properties: { category: `c${i % 4}`, price: i, value: i },
});

interface Answer {
  status: string | number;
  type?: string;
  from?: string;
  into?: string;
  members?: string[];
  moving?: boolean;
}
const post = async (path: string, body?: unknown, key?: string) => {
  const response = await call("POST", path, {
    ...(body === undefined ? {} : { body }),
    ...(key === undefined ? {} : { key }),
  });
  return { code: response.status, ...(await response.json<Answer>()) };
};
const merge = (id: string, from: string) => post(`${profilePath(id)}/merge`, { from });
const unmerge = (id: string) => post(`${profilePath(id)}/unmerge`);
const read = async (id: string) => {
  const response = await call("GET", profilePath(id) + AT);
  return response.json<{ id: string; events: number; digest: string; merging?: true; traits: object }>();
};
/** The profile once nothing of it is on its way any more. */
const settled = async (id: string) => {
  await vi.waitFor(async () => expect((await read(id)).merging).toBeUndefined(), { timeout: 5000 });
  return read(id);
};
const receiptsOf = async (response: Response) =>
  (
    await response.json<{
      receipts: { id: string; status: string; merged?: string; code?: string; version?: number }[];
    }>()
  ).receipts;
const identify = (user: string, anonymousId: string, id = "identify") => ({
  id,
  userId: user,
  anonymousId,
  traits: { plan: "pro" },
  timestamp: at(900),
});
/** The digest of a user who was never anything else, and got these events. */
const digestOf = async (events: object[]) => {
  const userId = someone();
  const { status } = await send(events.map((event) => ({ ...event, anonymousId: undefined, userId })));
  expect(status).toBe(200);
  return (await read(userId)).digest;
};

describe("an anonymous profile and the user that it turns out to be", () => {
  it("are one once an event identifies: what was anonymous is the user's, bit by bit", async () => {
    const [user, x] = [someone(), device()];
    const before = Array.from({ length: 90 }, (_, i) => anonymous(`a${i}`, { anonymousId: x, ...some(i) }));
    const own = Array.from({ length: 40 }, (_, i) => view(user, `u${i}`, some(i + 1000)));
    expect((await send([...before, ...own], { key: WRITE })).status).toBe(200);
    const said = identify(user, x);
    const response = await send(said, { key: WRITE });
    expect(await receiptsOf(response)).toMatchObject([{ status: "applied", merged: `anonymous:${x}` }]);
    const profile = await settled(user);
    expect([profile.id, profile.events]).toEqual([user, 131]);
    expect(profile.digest).toBe(await digestOf([...before, ...own, said]));
    expect(await read(`anonymous:${x}`)).toEqual(profile);
  });

  it("stay one: later anonymous events are the user's, once each, and say where they came from", async () => {
    const [user, x] = [someone(), device()];
    await send([anonymous("a1", { anonymousId: x }), identify(user, x)]);
    const later = anonymous("a2", { anonymousId: x });
    expect(await receiptsOf(await send([later, view(user, "u1")], { key: WRITE }))).toMatchObject([
      { status: "applied", version: expect.any(Number) },
      { status: "applied" },
    ]);
    expect(await receiptsOf(await send([later, anonymous("a1", { anonymousId: x })]))).toMatchObject([
      { status: "duplicate" },
      { status: "duplicate" },
    ]);
    const listed = await (await call("GET", `${profilePath(user)}/events`)).json<{
      data: { id: string; origin?: string }[];
    }>();
    const origins = Object.fromEntries(listed.data.map(({ id, origin }) => [id, origin]));
    const origin = `anonymous:${x}`;
    expect(origins).toEqual({ identify: undefined, u1: undefined, a1: origin, a2: origin });
  });

  it("become one before anything was anonymous", async () => {
    const [user, x] = [someone(), device()];
    await send(identify(user, x), { key: WRITE });
    await send(anonymous("a1", { anonymousId: x }), { key: WRITE });
    expect((await settled(user)).events).toBe(2);
  });

  it("are joined by a repeat as well, and twice is once", async () => {
    const [user, x] = [someone(), device()];
    await send(anonymous("a1", { anonymousId: x }));
    const both = [identify(user, x), { ...identify(user, x), id: "identify-2" }];
    for (const status of ["applied", "duplicate"]) {
      const receipts = await receiptsOf(await send(both, { key: WRITE }));
      expect(receipts).toMatchObject(both.map(() => ({ status, merged: `anonymous:${x}` })));
    }
    expect((await settled(user)).events).toBe(3);
  });

  it("are not joined by an event that only mentions both, nor by one that was rejected", async () => {
    const [user, x] = [someone(), device()];
    await send([anonymous("a1", { anonymousId: x }), view(user, "u1", { anonymousId: x })]);
    await send([{ ...identify(user, x), timestamp: "never" }]);
    expect([(await read(user)).events, (await read(`anonymous:${x}`)).events]).toEqual([1, 1]);
  });

  it("are joined by the secret key in so many words", async () => {
    const [user, x] = [someone(), device()];
    await send([anonymous("a1", { anonymousId: x }), view(user, "u1")]);
    const from = `anonymous:${x}`;
    expect(await merge(user, from)).toEqual({ code: 200, status: "merged", from, into: user, moving: false });
    expect(await merge(user, from)).toEqual({
      code: 200,
      status: "already",
      from,
      into: user,
      moving: false,
    });
    expect((await settled(user)).events).toBe(2);
    expect((await call("POST", `${profilePath(user)}/merge`, { key: WRITE, body: { from } })).status).toBe(
      403,
    );
    expect(await merge(user, "")).toMatchObject({ code: 422, type: "/problems/body-invalid" });
  });

  it("answer with the user's version only as the user: no 304 for what was another profile", async () => {
    const [user, x] = [someone(), device()];
    await send([anonymous("a1", { anonymousId: x }), view(user, "u1")]);
    const path = profilePath(`anonymous:${x}`);
    const tag = (await call("GET", path)).headers.get("ETag") ?? "";
    await merge(user, `anonymous:${x}`);
    for (const version of [tag, '"2"', '"3"']) {
      const response = await call("GET", path, { headers: { "If-None-Match": version } });
      expect([response.status, response.headers.get("ETag")]).toEqual([200, null]);
    }
  });

  it("erase an event together, whichever is asked", async () => {
    const [user, x] = [someone(), device()];
    await send([anonymous("a1", { anonymousId: x }), anonymous("a2", { anonymousId: x }), view(user, "u1")]);
    await merge(user, `anonymous:${x}`);
    await settled(user);
    for (const [id, event] of [
      [user, "a1"],
      [`anonymous:${x}`, "u1"],
    ] as const)
      expect((await call("DELETE", `${profilePath(id)}/events/${event}`)).status).toBe(200);
    const again = [anonymous("a1", { anonymousId: x }), anonymous("u1", { anonymousId: x })];
    expect(await receiptsOf(await send(again))).toMatchObject([
      { status: "suppressed" },
      { status: "suppressed" },
    ]);
    await unmerge(`anonymous:${x}`);
    expect((await settled(`anonymous:${x}`)).events).toBe(1);
    expect(await receiptsOf(await send(anonymous("a1", { anonymousId: x })))).toMatchObject([
      { status: "suppressed" },
    ]);
  });
});

describe("what a write key may not do", () => {
  it("is to take over a profile that is joined already", async () => {
    const [user, thief, x] = [someone(), someone(), device()];
    await send([anonymous("a1", { anonymousId: x }), identify(user, x)]);
    const [receipt] = await receiptsOf(await send(identify(thief, x), { key: WRITE }));
    expect([receipt?.status, receipt?.merged]).toEqual(["applied", undefined]);
    await send(anonymous("a2", { anonymousId: x }), { key: WRITE });
    expect([(await settled(user)).events, (await settled(thief)).events]).toEqual([3, 1]);
  });

  it("is not done by the secret key either without unmerging first", async () => {
    const [user, other, x] = [someone(), someone(), device()];
    await send([anonymous("a1", { anonymousId: x }), identify(user, x)]);
    expect(await merge(other, `anonymous:${x}`)).toMatchObject({
      code: 409,
      type: "/problems/merge-conflict",
    });
  });
});

describe("the join of an alias", () => {
  /** What a route that reads aliases asks for, with one kind of key. */
  const joins = async (key: "write" | "secret", from: string, to: string) => {
    const route = new Hono<App>().post("/", async (c) => {
      c.set("key", key);
      return c.json(await join(c, from, to));
    });
    return (await route.fetch(request("POST", "/"), env)).json();
  };

  it("of two users needs the secret key: a write key could take over any profile by it", async () => {
    const [a, b, x] = [someone(), someone(), device()];
    await send([view(a, "e1"), view(b, "e2"), anonymous("e3", { anonymousId: x })]);
    for (const [from, to] of [
      [a, b],
      [a, `anonymous:${x}`],
      [`anonymous:${x}`, "anonymous:mine"],
    ] as const)
      expect(await joins("write", from, to)).toBe("apart");
    expect([(await read(a)).id, (await read(`anonymous:${x}`)).id]).toEqual([a, `anonymous:${x}`]);
    expect(await joins("write", `anonymous:${x}`, a)).toBe("joined");
    await settled(a);
    expect(await joins("secret", a, b)).toBe("joined");
    const profile = await settled(b);
    expect([profile.events, (await read(`anonymous:${x}`)).id]).toEqual([3, b]);
  });
});

describe("merges in circles", () => {
  it("of a profile into itself are nothing", async () => {
    const user = someone();
    await send(view(user, "u1"));
    expect(await merge(user, user)).toMatchObject({ code: 200, status: "same" });
    expect((await read(user)).events).toBe(1);
  });

  it("back into what is part of it are nothing", async () => {
    const [a, b, c] = [someone(), someone(), someone()];
    await send([a, b, c].map((user, i) => view(user, `e${i}`)));
    expect(await merge(b, a)).toMatchObject({ status: "merged" });
    expect(await merge(c, b)).toMatchObject({ status: "merged" });
    expect(await merge(a, c)).toMatchObject({ status: "same" });
    expect(await merge(a, b)).toMatchObject({ status: "already" });
    const profile = await settled(c);
    expect([profile.id, profile.events]).toEqual([c, 3]);
    expect(await read(a)).toEqual(profile);
    expect(await read(b)).toEqual(profile);
  });

  it("of two or three at once leave one profile, with everything", async () => {
    for (const size of [2, 3]) {
      const users = Array.from({ length: size }, someone);
      await send(users.map((user, i) => view(user, `e${i}`)));
      await vi.waitFor(
        async () => {
          const answers = await Promise.all(users.map((user, i) => merge(users[(i + 1) % size] ?? "", user)));
          for (const { code } of answers) expect(code).toBe(200);
        },
        { timeout: 10_000 },
      );
      const profiles = await Promise.all(users.map(settled));
      expect(new Set(profiles.map(({ id }) => id)).size).toBe(1);
      expect(profiles.map(({ events }) => events)).toEqual(users.map(() => size));
    }
  });
});

describe("a profile that is taken out again", () => {
  it("is as if never merged, and so is the other: with what came before, meanwhile and after", async () => {
    const [user, x] = [someone(), device()];
    const from = `anonymous:${x}`;
    const anonymously = (i: number, id = `a${i}`) => anonymous(id, { anonymousId: x, ...some(i) });
    const own = (i: number, id = `u${i}`) => view(user, id, some(i + 500));
    const [before, meanwhile, after] = [
      [...Array(150).keys()].map((i) => anonymously(i)),
      [150, 151, 152].map((i) => anonymously(i)),
      [153, 154].map((i) => anonymously(i)),
    ] as const;
    const [earlier, later] = [
      [...Array(100).keys()].map((i) => own(i)),
      [100, 101].map((i) => own(i)),
    ] as const;
    // The same ids on both sides, in each order.
    const twins = [anonymously(7, "twin-1"), own(8, "twin-1"), own(9, "twin-2"), anonymously(10, "twin-2")];
    await send([...before, ...earlier, ...twins.slice(0, 2)]);
    await merge(user, from);
    await settled(user);
    await send(meanwhile);
    await send(later);
    expect(await receiptsOf(await send(twins.slice(2)))).toMatchObject([
      { status: "applied" },
      { status: "duplicate" },
    ]);
    const answer = await unmerge(from);
    expect(answer).toMatchObject({ code: 200, status: "unmerged", id: from, from: user, members: [from] });
    await send(after);
    const [alone, without] = [await settled(from), await settled(user)];
    const all = [...before, ...meanwhile, ...after, twins[0] ?? {}, twins[3] ?? {}];
    expect([alone.id, alone.events, without.events]).toEqual([from, all.length, 104]);
    expect(alone.digest).toBe(await digestOf(all));
    expect(without.digest).toBe(await digestOf([...earlier, ...later, twins[1] ?? {}, twins[2] ?? {}]));
    expect(await unmerge(from)).toMatchObject({ code: 409, type: "/problems/not-merged" });
  });

  it("takes along what was merged into it", async () => {
    const [a, b, c] = [someone(), someone(), someone()];
    await send([a, b, c].map((user, i) => view(user, `e${i}`)));
    await merge(b, a);
    await merge(c, b);
    await settled(c);
    expect(await unmerge(b)).toMatchObject({ code: 200, from: c, members: [b, a] });
    expect([(await settled(b)).events, (await settled(c)).events]).toEqual([2, 1]);
    expect((await read(a)).id).toBe(b);
    await vi.waitFor(async () => expect(await unmerge(a)).toMatchObject({ code: 200, from: b }));
    expect([(await settled(a)).events, (await settled(b)).events]).toEqual([1, 1]);
  });

  it("must have been merged", async () => {
    const user = someone();
    await send(view(user, "u1"));
    expect(await unmerge(user)).toMatchObject({ code: 409, type: "/problems/not-merged" });
    expect(await unmerge(someone())).toMatchObject({ code: 409, type: "/problems/not-merged" });
  });
});

describe("a join that is not decided", () => {
  it("makes its event a retry, and the repeat joins", async () => {
    const [user, x] = [someone(), device()];
    await send(anonymous("a1", { anonymousId: x }));
    const fails = () => Promise.reject(Object.assign(new Error("gone"), { retryable: true }));
    const failing = faking({ merge: fails }).env;
    const events = [identify(user, x), view(user, "u1")];
    const response = await app.fetch(request("POST", "/v1/events", { body: events }), failing);
    expect(response.status).toBe(207);
    expect(await receiptsOf(response)).toMatchObject([
      { id: "identify", status: "retry", code: "merging" },
      { id: "u1", status: "applied" },
    ]);
    const again = await app.fetch(request("POST", "/v1/events", { body: events }), env);
    expect(await receiptsOf(again)).toMatchObject([
      { status: "duplicate", merged: `anonymous:${x}` },
      { status: "duplicate" },
    ]);
    expect((await settled(user)).events).toBe(3);
  });

  it("is what the answer says when it is all there is", async () => {
    const fails = () => Promise.reject(Object.assign(new Error("gone"), { retryable: true }));
    const failing = faking({ merge: fails }).env;
    const body = identify(someone(), device());
    const response = await app.fetch(request("POST", "/v1/events", { body }), failing);
    expect([response.status, await response.json()]).toMatchObject([503, { type: "/problems/merging" }]);
  });

  it("refuses a request that joins too many at once", async () => {
    const user = someone();
    const events = Array.from({ length: 501 }, (_, i) => identify(user, `d${i}`, `i${i}`));
    expect((await send(events)).status).toBe(413);
  });
});

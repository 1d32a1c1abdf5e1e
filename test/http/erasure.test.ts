import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EVENT_BYTES } from "../../src/events/limits.ts";
import type { FailuresRpc, NewFailure } from "../../src/failures/contract.ts";
import { app } from "../../src/http/app.ts";
import { failure } from "../failures/failure.ts";
import { call, profilePath, request, send, someone, view } from "./client.ts";
import { namespaceOf } from "./faking.ts";

const erasePath = (user: string, event: string) => `${profilePath(user)}/events/${encodeURIComponent(event)}`;
const erase = async (user: string, event: string, bindings = env) => {
  const response = await app.fetch(request("DELETE", erasePath(user, event)), bindings);
  return [response.status, await response.json()];
};
const UNKNOWN = [404, expect.objectContaining({ type: "/problems/event-unknown" })];

const shard = (i: number) => env.FAILURES.get(env.FAILURES.idFromName(`failures-${i}`));
const keep = (i: number, ...failures: NewFailure[]) => shard(i).keep(crypto.randomUUID(), failures, []);
const rejected = (user: string, eventId: string) =>
  failure({ user, eventId, code: "time-invalid", text: JSON.stringify(view(user, eventId)) });
const kept = async (user: string) => {
  const response = await call("GET", `/v1/failures?user=${encodeURIComponent(user)}`);
  const { data } = await response.json<{ data: { eventId: string }[] }>();
  return data.map(({ eventId }) => eventId).sort();
};
const statusOf = async (event: object) => {
  const { receipts } = await (await send(event)).json<{ receipts: { status: string }[] }>();
  return receipts[0]?.status;
};

/** The environment in which one of the shards does not do one thing. */
const without = (method: keyof FailuresRpc, at: number) => {
  const broken = env.FAILURES.idFromName(`failures-${at}`);
  return {
    ...env,
    FAILURES: namespaceOf(env.FAILURES, (id) => {
      const real: object = env.FAILURES.get(id);
      if (!id.equals(broken)) return real;
      const fail = () => Promise.reject(new Error("secret details of jane@example.com"));
      return new Proxy(real, { get: (target, name) => (name === method ? fail : Reflect.get(target, name)) });
    }),
  };
};

afterEach(async () => {
  vi.restoreAllMocks();
  await call("DELETE", "/v1/failures");
});

describe("DELETE /v1/profiles/:id/events/:eventId", () => {
  it("erases an event of any id, once and for good", async () => {
    const user = someone();
    await send([view(user, "a/b 100%"), view(user, "e2")]);
    const erased = [200, { erased: true, version: 2, failures: 0 }];
    expect(await erase(user, "a/b 100%")).toEqual(erased);
    expect(await (await call("GET", `${profilePath(user)}?fields=events`)).json()).toEqual({ events: 1 });
    expect(await statusOf(view(user, "a/b 100%"))).toBe("suppressed");
    expect(await erase(user, "a/b 100%")).toEqual(erased);
  });

  it("is 404 for an event, a user or an id that is not there, and stores nothing", async () => {
    const user = someone();
    await send(view(user, "e1"));
    await keep(0, rejected(user, "e1"), rejected(someone(), "e2"));
    for (const [who, event] of [
      [user, "e2"],
      [someone(), "e1"],
      ["null", "e1"],
    ] as const) {
      expect(await erase(who, event)).toEqual(UNKNOWN);
    }
    expect(await statusOf(view(user, "e2"))).toBe("applied");
    expect(await kept(user)).toEqual(["e1"]);
  });

  it("deletes what is kept of the event as a failure, in whichever shard, and nothing else", async () => {
    const [user, other] = [someone(), someone()];
    await send([view(user, "e1"), view(user, "e2")]);
    for (const i of [0, 1, 3])
      await keep(i, rejected(user, "e1"), rejected(user, "e2"), rejected(other, "e1"));
    expect(await erase(user, "e1")).toEqual([200, { erased: true, version: 2, failures: 3 }]);
    expect([await kept(user), await kept(other)]).toEqual([
      ["e2", "e2", "e2"],
      ["e1", "e1", "e1"],
    ]);
  });

  it("takes an event of which only a failure is there, and turns it away once it is mended", async () => {
    const user = someone();
    const bad = view(user, "bad", { timestamp: "yesterday" });
    expect(await statusOf(bad)).toBe("rejected");
    await send([bad, view(user, "big", { properties: { text: "x".repeat(EVENT_BYTES) } })]);
    expect(await kept(user)).toEqual(["bad", "bad", "big"]);
    expect(await erase(user, "bad")).toEqual([200, { erased: true, version: 0, failures: 2 }]);
    expect((await call("GET", profilePath(user))).status).toBe(404);
    expect(await statusOf(view(user, "bad"))).toBe("suppressed");
    await send(view(user, "e1"));
    expect(await erase(user, "big")).toEqual([200, { erased: true, version: 1, failures: 1 }]);
    expect(await statusOf(view(user, "big"))).toBe("suppressed");
    expect(await kept(user)).toEqual([]);
    expect(await (await call("GET", `${profilePath(user)}?fields=events,version`)).json()).toEqual({
      events: 1,
      version: 1,
    });
  });

  it("deletes what is kept of each profile that became part of this one", async () => {
    const [user, device] = [someone(), `anonymous:${someone()}`];
    await send([view(user, "e1"), { id: "e2", anonymousId: device.slice("anonymous:".length), event: "E" }]);
    await call("POST", `${profilePath(user)}/merge`, { body: { from: device } });
    const keepBoth = () => keep(2, rejected(user, "bad"), rejected(device, "bad"));
    await keepBoth();
    const erased = [200, { erased: true, version: expect.any(Number), failures: 2 }];
    await vi.waitFor(async () => expect(await erase(device, "bad")).toEqual(erased));
    await keepBoth();
    expect(await erase(user, "bad")).toEqual(erased);
    await call("POST", `${profilePath(device)}/unmerge`);
    await vi.waitFor(async () => {
      const one = { ...view(user, "bad"), userId: null, anonymousId: device.slice("anonymous:".length) };
      expect(await statusOf(one)).toBe("suppressed");
    });
  });

  it.each(["countEvent", "removeEvent"] as const)(
    "does not claim to be done while a shard does not answer %s, and is done when it is sent again",
    async (method) => {
      const [user, stranger] = [someone(), someone()];
      await send(view(user, "e1"));
      await keep(0, rejected(user, "e1"), rejected(stranger, "e1"));
      await keep(3, rejected(user, "e1"), rejected(stranger, "e1"));
      const broken = without(method, 3);
      for (const who of method === "removeEvent" ? [user, stranger] : [stranger]) {
        const response = await app.fetch(request("DELETE", erasePath(who, "e1")), broken);
        expect(response.status).toBe(503);
        expect(response.headers.get("Retry-After")).toBe("1");
        const text = await response.text();
        expect(text).toContain("/problems/unavailable");
        expect(text).not.toContain("jane");
      }
      // Of one shard they may be gone already.
      for (const who of [user, stranger]) {
        expect(await erase(who, "e1")).toEqual([200, expect.objectContaining({ erased: true })]);
        expect(await kept(who)).toEqual([]);
        expect(await statusOf(view(who, "e1"))).toBe("suppressed");
      }
    },
  );
});

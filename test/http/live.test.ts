import { evictAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { app } from "../../src/http/app.ts";
import { mintKey } from "../../src/keys/key.ts";
import { MOST_READERS, PATROL_MS } from "../../src/profile/live.ts";
import { MOST_UNACKED } from "../../src/profile/reader.ts";
import { profileOf } from "../../src/profile/stub.ts";
import { call, type Options, profilePath, request, SECRET, send, someone, view } from "./client.ts";
import { LiveReader, quiet } from "./live-reader.ts";
import { tokenOf } from "./tokens.ts";

const seconds = () => Math.floor(Date.now() / 1000);

/** A secret key of this deployment, and no other test's. */
const newKey = (more: { expires?: number } = {}) =>
  mintKey(env.KEY_SECRET ?? "", { kind: "secret", ...more });

const UPGRADE = { Upgrade: "websocket" };

const livePath = (user: string, query = "") => `${profilePath(user)}/live${query}`;

const upgrade = (user: string, query = "", { headers, ...options }: Options = {}) =>
  call("GET", livePath(user, query), { ...options, headers: { ...UPGRADE, ...headers } });

async function follow(user: string, query = "", acknowledges = true, key = SECRET): Promise<LiveReader> {
  const response = await upgrade(user, query, { key });
  expect(response.status).toBe(101);
  if (response.webSocket === null) throw new Error("a WebSocket was expected");
  return new LiveReader(response.webSocket, acknowledges);
}

interface StreamEvent {
  id?: string;
  event?: string;
  retry?: string;
  data?: string;
}

/** Reads server-sent events by the rules of the HTML standard, as far as they are used here. */
class EventReader {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    this.response = response;
    if (response.body === null) throw new Error("a stream was expected");
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next block; undefined at the end. Comments are under "". */
  async next(): Promise<StreamEvent | undefined> {
    let end = this.#text.indexOf("\n\n");
    while (end < 0) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
      end = this.#text.indexOf("\n\n");
    }
    const lines = this.#text.slice(0, end).split("\n");
    this.#text = this.#text.slice(end + 2);
    return Object.fromEntries(lines.map((line) => /^([^:]*): ?(.*)$/s.exec(line)?.slice(1) ?? [line, ""]));
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

async function listen(
  user: string,
  query = "",
  headers: Record<string, string> = {},
  key = SECRET,
): Promise<EventReader> {
  const response = await call("GET", livePath(user, query), {
    key,
    headers: { Accept: "text/event-stream", ...headers },
  });
  expect(response.status).toBe(200);
  const reader = new EventReader(response);
  expect(await reader.next()).toEqual({ retry: "2000" });
  return reader;
}

const codeOf = async (response: Response) => {
  const { type, status } = await response.json<{ type: string; status: number }>();
  expect(response.webSocket).toBeNull();
  expect(status).toBe(response.status);
  return [status, type.replace("/problems/", "")];
};

afterEach(() => {
  vi.useRealTimers();
});

describe("GET /v1/profiles/:id/live as a WebSocket", () => {
  it("tells the profile, then each change, with a request id on the upgrade", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const response = await upgrade(user, "", { headers: { "X-Request-Id": "trace-1" } });
    expect(response.headers.get("X-Request-Id")).toBe("trace-1");
    if (response.webSocket === null) throw new Error("a WebSocket was expected");
    const reader = new LiveReader(response.webSocket);
    expect(await reader.next()).toMatchObject({
      type: "snapshot",
      version: 1,
      profile: { id: user, events: 1 },
    });
    await send(view(user, "e2"));
    expect(await reader.next()).toMatchObject({ type: "change", version: 2, changed: { events: 2 } });
    await call("DELETE", `${profilePath(user)}/events/e1`);
    expect(await reader.next()).toMatchObject({ type: "change", version: 3, changed: { events: 1 } });
  });

  it("waits for a visitor who has no profile yet", async () => {
    const visitor = someone();
    const reader = await follow(`anonymous:${visitor}`, "?fields=events");
    expect(await reader.next()).toEqual({ type: "snapshot", version: 0, profile: null });
    await send({ id: "e", anonymousId: visitor, event: "E" });
    expect(await reader.next()).toEqual({ type: "snapshot", version: 1, profile: { events: 1 } });
  });

  it("opens with the token of its user, and is closed when that ends", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const response = await upgrade(user, "", { key: await tokenOf(user, { exp: seconds() + 1 }) });
    if (response.webSocket === null) throw new Error("a WebSocket was expected");
    const reader = new LiveReader(response.webSocket);
    await reader.next();
    expect(await reader.closed).toEqual({ code: 1008, reason: "the token has ended" });
    expect(reader.got).toHaveLength(1);
  });

  it("ends when the profile becomes part of another, and leads there", async () => {
    const [device, user] = [`anonymous:${someone()}`, someone()];
    await send({ id: "a", anonymousId: device.slice("anonymous:".length), event: "E" });
    const reader = await follow(device);
    await reader.next();
    await call("POST", `${profilePath(user)}/merge`, { body: { from: device } });
    expect(await reader.next()).toEqual({ type: "moved", to: user });
    await vi.waitFor(async () => {
      const again = await follow(device, "?fields=id,events");
      expect(await again.next()).toMatchObject({ profile: { id: user, events: 1 } });
    });
  });

  it("resumes by version after the connection is lost", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const first = await follow(user);
    await first.next();
    first.socket.close();
    const current = await follow(user, "?since=1&fields=events");
    await send(view(user, "e2"));
    expect(await current.next()).toEqual({ type: "change", version: 2, changed: { events: 2 } });
    const behind = await follow(user, "?since=1&fields=events");
    expect(await behind.next()).toEqual({ type: "snapshot", version: 2, profile: { events: 2 } });
  });

  it("takes no version of a profile for one of the profile that it became a part of", async () => {
    const [user, device] = [someone(), `anonymous:${someone()}`];
    await send(view(user, "e1"));
    await send({ id: "e2", anonymousId: device.slice("anonymous:".length), event: "E" });
    await call("POST", `${profilePath(user)}/merge`, { body: { from: device } });
    const { version } = await (await call("GET", `${profilePath(user)}?fields=version`)).json<{
      version: number;
    }>();
    const reader = await follow(device, `?fields=id&since=${version}`);
    expect(await reader.next()).toEqual({ type: "snapshot", version, profile: { id: user } });
  });

  it("opens for pages of this host, of named origins, and for servers; 403 for any other, before the upgrade", async () => {
    const user = someone();
    const named = { ...env, LIVE_ORIGINS: "https://shop.example  http://localhost:3000" };
    const statusOf = async (origin: string | undefined, bindings: typeof env = env) => {
      const headers = origin === undefined ? UPGRADE : { ...UPGRADE, Origin: origin };
      const response = await app.request(request("GET", livePath(user), { headers }), undefined, bindings);
      response.webSocket?.accept();
      response.webSocket?.close();
      return response.status === 101 ? 101 : codeOf(response);
    };
    expect(await statusOf(undefined)).toBe(101);
    // Another scheme, as behind a proxy that ends TLS.
    for (const own of ["https://limn.test", "http://limn.test"]) expect(await statusOf(own)).toBe(101);
    for (const origin of ["https://shop.example", "http://localhost:3000"]) {
      expect(await statusOf(origin, named)).toBe(101);
      expect(await statusOf(origin)).toEqual([403, "origin-foreign"]);
    }
    for (const foreign of [
      "https://evil.example",
      "https://limn.test.evil.example",
      "https://limn.test:8443",
      "https://shop.example.evil.example",
      "http://shop.example",
      "null",
      "",
    ]) {
      expect([foreign, await statusOf(foreign, named)]).toEqual([foreign, [403, "origin-foreign"]]);
    }
  });

  it("is refused with the reason before the upgrade", async () => {
    const user = someone();
    expect(await codeOf(await upgrade(user, "", { key: null }))).toEqual([401, "key-missing"]);
    expect(await codeOf(await upgrade(user, "", { key: env.WRITE_KEY ?? "" }))).toEqual([403, "key-scope"]);
    expect(await codeOf(await upgrade(user, "?fields=nothing"))).toEqual([422, "query-invalid"]);
    expect(await codeOf(await upgrade(user, "?since=-1"))).toEqual([422, "query-invalid"]);
    expect(await codeOf(await upgrade(user, "?sinse=1"))).toEqual([422, "query-invalid"]);
    for (const nobody of ["null", "x".repeat(400), "anonymous:"]) {
      expect(await codeOf(await upgrade(nobody))).toEqual([404, "profile-unknown"]);
    }
    const readers: LiveReader[] = [];
    while (readers.length < MOST_READERS) readers.push(await follow(user, "?fields=events"));
    const refused = await upgrade(user);
    expect(refused.headers.get("Retry-After")).toBe("5");
    expect(await codeOf(refused)).toEqual([429, "too-many-readers"]);
    for (const { socket } of readers) socket.close();
  });

  it("is used up by whoever never acknowledges, who may come again", async () => {
    const user = someone();
    await send(view(user, "e0"));
    const reader = await follow(user, "?fields=events", false);
    for (let i = 1; i < MOST_UNACKED; i++) {
      await reader.next();
      await send(view(user, `e${i}`));
    }
    await reader.until(MOST_UNACKED);
    await send(view(user, "more"));
    await quiet();
    expect(reader.got).toHaveLength(MOST_UNACKED);
    const again = await follow(user, `?fields=events&since=${MOST_UNACKED}`);
    expect(await again.next()).toMatchObject({ type: "snapshot", version: MOST_UNACKED + 1 });
  });
});

describe("GET /v1/profiles/:id/live as server-sent events", () => {
  it("tells the profile, then each change, with the version as the id", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const events = await listen(user, "?fields=events");
    const { headers } = events.response;
    expect(headers.get("Content-Type")).toBe("text/event-stream");
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(headers.get("X-Request-Id")).not.toBeNull();
    const parsed = async () => {
      const { id, event, data = "" } = (await events.next()) ?? {};
      return { id, event, data: JSON.parse(data) };
    };
    expect(await parsed()).toEqual({
      id: "1",
      event: "snapshot",
      data: { type: "snapshot", version: 1, profile: { events: 1 } },
    });
    // More than a reader may have without acknowledging any: it is the taking that acknowledges.
    for (let i = 2; i < MOST_UNACKED + 4; i++) {
      await send(view(user, `e${i}`));
      expect(await parsed()).toEqual({
        id: String(i),
        event: "change",
        data: { type: "change", version: i, changed: { events: i } },
      });
    }
    await events.cancel();
  });

  it("keeps a text with line breaks in one event", async () => {
    const user = someone();
    const text = "a\n\nb\r\ndata: c\u2028";
    await send(view(user, "e1", { traits: { text } }));
    const events = await listen(user, "?fields=traits");
    const { data = "" } = (await events.next()) ?? {};
    expect(JSON.parse(data)).toMatchObject({ profile: { traits: { text: { value: text } } } });
    await events.cancel();
  });

  it("resumes from Last-Event-ID, which goes before since", async () => {
    const user = someone();
    await send(view(user, "e1"));
    await send(view(user, "e2"));
    const events = await listen(user, "?fields=events&since=1", { "Last-Event-ID": "2" });
    await quiet();
    await send(view(user, "e3"));
    expect(await events.next()).toMatchObject({ id: "3", event: "change" });
    for (const id of ["1", "garbage", ""]) {
      const behind = await listen(user, "?fields=events", { "Last-Event-ID": id });
      expect(await behind.next()).toMatchObject({ id: "3", event: "snapshot" });
      await behind.cancel();
    }
    await events.cancel();
  });

  it("goes on over hibernation of the object", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const events = await listen(user, "?fields=events");
    expect(await events.next()).toMatchObject({ id: "1" });
    await evictAllDurableObjects();
    await send(view(user, "e2"));
    expect(await events.next()).toMatchObject({ id: "2", event: "change" });
    await events.cancel();
  });

  it("is slow when its reader is: changes wait in the object and come as one", async () => {
    const user = someone();
    await send(view(user, "e0"));
    const events = await listen(user, "?fields=events");
    for (let i = 1; i <= MOST_UNACKED + 3; i++) {
      await send(view(user, `e${i}`));
      await new Promise((resolve) => setTimeout(resolve, 130));
    }
    const versions: number[] = [];
    while (versions.at(-1) !== MOST_UNACKED + 4) versions.push(Number((await events.next())?.id));
    // The last of them in one.
    expect(versions.length).toBeLessThan(MOST_UNACKED + 4);
    await events.cancel();
  });

  it("leaves no reader behind when it is cancelled", async () => {
    const user = someone();
    const streams: EventReader[] = [];
    while (streams.length < MOST_READERS) streams.push(await listen(user));
    expect((await upgrade(user)).status).toBe(429);
    for (const stream of streams) await stream.cancel();
    await vi.waitFor(async () => {
      const response = await upgrade(user);
      response.webSocket?.accept();
      response.webSocket?.close();
      expect(response.status).toBe(101);
    });
  });

  it("is refused with a problem, not with a stream", async () => {
    const headers = { Accept: "text/event-stream" };
    expect(await codeOf(await call("GET", livePath(someone()), { key: null, headers }))).toEqual([
      401,
      "key-missing",
    ]);
    expect(await codeOf(await call("GET", livePath("null"), { headers }))).toEqual([404, "profile-unknown"]);
  });
});

describe("GET /v1/profiles/:id/live with a key", () => {
  it("ends when that expires, either way, and does not open again", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const expires = (seconds() + 2) * 1000;
    const key = newKey({ expires });
    const [socket, events] = [await follow(user, "", true, key), await listen(user, "", {}, key)];
    expect([await socket.next(), await events.next()]).toMatchObject([{ version: 1 }, { id: "1" }]);
    expect(await socket.closed).toEqual({ code: 1008, reason: "the key has expired" });
    expect(Date.now()).toBeGreaterThanOrEqual(expires);
    expect(await events.next()).toBeUndefined();
    expect(await codeOf(await upgrade(user, "", { key }))).toEqual([401, "key-expired"]);
  });

  it("ends when that is revoked, either way, and goes on for others", async () => {
    const user = someone();
    await send(view(user, "e1"));
    const key = newKey();
    const [socket, events] = [await follow(user, "", true, key), await listen(user, "", {}, key)];
    const other = await follow(user);
    expect([await socket.next(), await events.next()]).toMatchObject([{ version: 1 }, { id: "1" }]);
    expect((await call("POST", "/v1/keys/revoke", { body: { key } })).status).toBe(200);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + PATROL_MS });
    expect(await runDurableObjectAlarm(profileOf(env, user))).toBe(true);
    expect(await socket.closed).toEqual({ code: 1008, reason: "the key was revoked" });
    expect(await events.next()).toBeUndefined();
    await send(view(user, "e2"));
    await other.until(2);
    expect(await codeOf(await upgrade(user, "", { key }))).toEqual([401, "key-revoked"]);
  });
});

describe("GET /v1/profiles/:id/live as neither", () => {
  it("says both ways, also to HEAD", async () => {
    const user = someone();
    for (const Accept of ["*/*", "application/json", ""]) {
      const response = await call("GET", livePath(user), { headers: { Accept } });
      expect(response.headers.get("Upgrade")).toBe("websocket");
      expect(await codeOf(response)).toEqual([426, "upgrade-required"]);
    }
    const head = await exports.default.fetch(
      request("HEAD", livePath(user), { headers: { Accept: "text/event-stream" }, key: SECRET }),
    );
    expect(head.status).toBe(426);
    expect((await call("POST", livePath(user), { body: {} })).status).toBe(405);
  });
});

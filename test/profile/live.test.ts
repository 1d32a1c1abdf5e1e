import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ProfileStub } from "../../src/environment.ts";
import type { Event } from "../../src/events/event.ts";
import { EFFECTIVE_MS, Revocations } from "../../src/keys/revocations.ts";
import { keysObject } from "../../src/keys/stub.ts";
import { Live, MOST_READERS, PATIENCE_MS, PATROL_MS, ROUND_MS } from "../../src/profile/live.ts";
import { Profile } from "../../src/profile/object.ts";
import { MOST_UNACKED } from "../../src/profile/reader.ts";
import { LiveReader, quiet } from "../http/live-reader.ts";
import { ingestInto, readFrom } from "./asking.ts";
import { event, newProfile } from "./visitors.ts";

async function ingest(stub: ProfileStub, user: string, ...events: Event[]): Promise<number> {
  const result = await ingestInto(stub, user, events);
  if (result.status !== "ingested") throw new Error(`the events were ${result.status}`);
  return result.version;
}

const connect = (stub: ProfileStub, query = "") =>
  stub.fetch(`https://profile/live?${query}`, { headers: { Upgrade: "websocket" } });

async function follow(stub: ProfileStub, query = "", acknowledges = true): Promise<LiveReader> {
  const { webSocket } = await connect(stub, query);
  if (webSocket === null) throw new Error("a WebSocket was expected");
  return new LiveReader(webSocket, acknowledges);
}

/** The profile as it reads at the time of a reader's copy. */
async function readAsOf(stub: ProfileStub, reader: LiveReader) {
  const at = Date.parse(String(reader.copy?.asOf));
  const read = await readFrom(stub, { at });
  if (read.status !== "found") throw new Error(`the profile was ${read.status}`);
  return JSON.parse(read.json);
}

/** Attachments of all sockets of an object. */
const attachments = (stub: ProfileStub) =>
  runInDurableObject(stub, (_, ctx) => ctx.getWebSockets().map((socket) => socket.deserializeAttachment()));

const round = () => new Promise<void>((resolve) => setTimeout(resolve, ROUND_MS + 30));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a live profile", () => {
  it("is told as a whole, and then change by change, in order", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub);
    expect(await reader.next()).toMatchObject({
      type: "snapshot",
      version: 1,
      profile: { id: user, events: 1 },
    });
    for (let i = 1; i <= 5; i++) {
      const version = await ingest(stub, user, event(user, i));
      expect(await reader.next()).toMatchObject({
        type: "change",
        version,
        changed: { events: i + 1, version },
      });
    }
  });

  it("leaves a reader, at each version, with what a read at that moment answers", {
    timeout: 30_000,
  }, async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub);
    await reader.next();
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let step = 0; step < 40; step++) {
      const i = random(60);
      const version =
        step % 7 === 6
          ? await stub
              .erase(user, `s${i % step}`)
              .then((erased) => (erased.status === "erased" ? erased.version : undefined))
          : await ingest(
              stub,
              user,
              event(user, i, { id: `s${step}`, ...(i % 3 === 0 ? { traits: { plan: i, city: null } } : {}) }),
            );
      if (version === undefined) continue;
      await reader.until(version);
      expect(reader.copy).toEqual(await readAsOf(stub, reader));
      if (step % 5 === 4) await evictDurableObject(stub);
    }
    const versions = reader.got.map((message) => (message.type === "moved" ? Number.NaN : message.version));
    expect(versions.length).toBeGreaterThan(30);
    versions.reduce((before, version) => {
      expect(version).toBeGreaterThan(before);
      return version;
    });
  });

  it("tells only the members that changed, and to each reader only those it asked for", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0, { traits: { plan: "pro" } }));
    const all = await follow(stub);
    const traits = await follow(stub, "fields=traits");
    const some = await follow(stub, "fields=events,asOf");
    expect(await traits.next()).toEqual({
      type: "snapshot",
      version: 1,
      profile: { traits: { plan: { value: "pro", time: "2026-01-01T00:00:00.000Z" } } },
    });
    await ingest(stub, user, event(user, 1));
    await all.until(2);
    const change = all.got.at(-1);
    if (change?.type !== "change") throw new Error("a change was expected");
    expect(Object.keys(change.changed)).toEqual(
      expect.arrayContaining(["version", "events", "numbers", "interests"]),
    );
    for (const same of ["id", "definition", "traits", "firstSeen"])
      expect(change.changed).not.toHaveProperty(same);
    await some.until(2);
    expect(some.got.at(-1)).toEqual({
      type: "change",
      version: 2,
      changed: { events: 2, asOf: expect.any(String) },
    });
    await ingest(stub, user, event(user, 2, { traits: { plan: "free" } }));
    // Nothing was told of version 2, in which the traits stayed.
    expect(await traits.nextVersion()).toBe(3);
  });

  it("is silent while nothing changes: for a duplicate, a read, or time", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub);
    await reader.next();
    for (const evict of [false, true]) {
      if (evict) await evictDurableObject(stub);
      await ingest(stub, user, event(user, 0));
      await readFrom(stub, {});
      await stub.erase(user, "unknown");
      await quiet();
    }
    expect(reader.got).toHaveLength(1);
  });

  it("tells an erased event as a change", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0), event(user, 1));
    const reader = await follow(stub, "fields=events");
    await reader.next();
    await stub.erase(user, "e0");
    expect(await reader.next()).toEqual({ type: "change", version: 2, changed: { events: 1 } });
  });

  it("can be waited for before its first event, and stores nothing for it", async () => {
    const { user, stub } = newProfile();
    const reader = await follow(stub);
    expect(await reader.next()).toEqual({ type: "snapshot", version: 0, profile: null });
    const tables = await runInDurableObject(stub, (_, { storage }) => {
      return storage.sql.exec("SELECT name FROM sqlite_master").toArray();
    });
    expect(tables).toEqual([]);
    await evictDurableObject(stub);
    await ingest(stub, user, event(user, 0));
    expect(await reader.next()).toMatchObject({ type: "snapshot", version: 1, profile: { id: user } });
  });

  it("resumes from a version: silently when it is the present one, else with the whole", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const version = await ingest(stub, user, event(user, 1));
    const current = await follow(stub, `since=${version}&fields=events,traits`);
    const behind = await follow(stub, "since=1");
    const ahead = await follow(stub, "since=99");
    for (const reader of [behind, ahead]) {
      expect(await reader.next()).toMatchObject({ type: "snapshot", version, profile: { events: 2 } });
    }
    await quiet();
    expect(current.got).toEqual([]);
    await ingest(stub, user, event(user, 2));
    // What the reader's copy holds is not known, so all it asked for is told.
    expect(await current.next()).toEqual({ type: "change", version: 3, changed: { events: 3, traits: {} } });
    await ingest(stub, user, event(user, 3));
    expect(await current.next()).toEqual({ type: "change", version: 4, changed: { events: 4 } });
  });

  it("goes on after hibernation with the same sockets, and tells what changed since each one's last message", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const readers = await Promise.all([follow(stub), follow(stub, "fields=events,traits"), follow(stub)]);
    for (const reader of readers) await reader.next();
    for (let i = 1; i <= 3; i++) {
      await evictDurableObject(stub);
      const version = await ingest(stub, user, event(user, i));
      for (const reader of readers) expect(await reader.nextVersion()).toBe(version);
      expect(readers[1]?.got.at(-1)).toEqual({ type: "change", version, changed: { events: i + 1 } });
      expect(readers[0]?.copy).toEqual(await readAsOf(stub, readers[0] ?? readers[2]));
    }
  });

  it("tells many commits in short time as few changes", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub, "fields=events");
    await reader.next();
    const started = Date.now();
    for (let i = 1; i <= 100; i++) await ingest(stub, user, event(user, i));
    const rounds = Math.ceil((Date.now() - started) / ROUND_MS) + 1;
    await reader.until(101);
    expect(reader.copy).toEqual({ events: 101 });
    expect(reader.got.length - 1).toBeLessThanOrEqual(rounds);
  });

  it("answers a ping without the object", async () => {
    const { stub } = newProfile();
    const reader = await follow(stub, "", false);
    await reader.next();
    const pong = new Promise((resolve) =>
      reader.socket.addEventListener("message", ({ data }) => data === "pong" && resolve(data)),
    );
    const woken = vi.spyOn(Profile.prototype, "webSocketMessage");
    reader.socket.send("ping");
    expect(await pong).toBe("pong");
    expect(woken).not.toHaveBeenCalled();
    reader.acknowledge(0);
    await vi.waitFor(() => expect(woken).toHaveBeenCalledTimes(1));
  });

  it("says where it went when it has become a part of another", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub);
    await reader.next();
    await runInDurableObject(stub, (instance) => {
      if (!(instance instanceof Profile)) throw new Error("a profile was expected");
      instance.live.move("ann");
    });
    expect(await reader.next()).toEqual({ type: "moved", to: "ann" });
    expect(await reader.closed).toEqual({ code: 1000, reason: "moved" });
  });
});

describe("a slow reader", () => {
  /** A reader that has as many messages as it may have without acknowledging any. */
  async function full(stub: ProfileStub, user: string) {
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub, "fields=events", false);
    for (let i = 1; i < MOST_UNACKED; i++) {
      await reader.next();
      await ingest(stub, user, event(user, i));
    }
    await reader.until(MOST_UNACKED);
    return reader;
  }

  it("gets so many messages without acknowledging any; later changes wait, and come as one", async () => {
    const { user, stub } = newProfile();
    const reader = await full(stub, user);
    for (let i = 0; i < 3; i++) {
      await ingest(stub, user, event(user, MOST_UNACKED + i));
      await round();
    }
    await quiet();
    expect(reader.got).toHaveLength(MOST_UNACKED);
    reader.acknowledge(1);
    const version = MOST_UNACKED + 3;
    expect(await reader.next()).toEqual({ type: "change", version, changed: { events: version } });
    reader.acknowledge(version);
    await ingest(stub, user, event(user, 50));
    expect(await reader.nextVersion()).toBe(version + 1);
  });

  it("gets the waiting change also when the object hibernated in between", async () => {
    const { user, stub } = newProfile();
    const reader = await full(stub, user);
    await ingest(stub, user, event(user, 50));
    await round();
    await evictDurableObject(stub);
    reader.acknowledge(MOST_UNACKED);
    expect(await reader.nextVersion()).toBe(MOST_UNACKED + 1);
  });

  it("is closed with 1013 once a change has waited too long, without another change, and resumes by version", async () => {
    const { user, stub } = newProfile();
    const reader = await full(stub, user);
    const other = await follow(stub, "fields=events");
    await ingest(stub, user, event(user, 50));
    await other.until(MOST_UNACKED + 1);
    await evictDurableObject(stub);

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + PATIENCE_MS - 1000 });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await attachments(stub)).toHaveLength(2);
    vi.setSystemTime(Date.now() + 2000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect((await reader.closed).code).toBe(1013);
    vi.useRealTimers();

    const again = await follow(stub, `fields=events&since=${MOST_UNACKED}`);
    expect(await again.next()).toMatchObject({ type: "snapshot", version: MOST_UNACKED + 1 });
    await ingest(stub, user, event(user, 51));
    for (const one of [again, other]) expect(await one.nextVersion()).toBe(MOST_UNACKED + 2);
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });

  it("is closed with 1013 at the next change after that", async () => {
    const { user, stub } = newProfile();
    const reader = await full(stub, user);
    await ingest(stub, user, event(user, 50));
    await round();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + PATIENCE_MS + 1000 });
    await ingest(stub, user, event(user, 51));
    expect((await reader.closed).code).toBe(1013);
  });

  it("costs little memory: few large messages are as many as many small ones", async () => {
    const { user, stub } = newProfile();
    const large = (i: number) => event(user, i, { traits: { text: String(i).padEnd(30_000, "x") } });
    await ingest(stub, user, large(0));
    const reader = await follow(stub, "fields=traits", false);
    for (let i = 1; i < 6; i++) {
      await ingest(stub, user, large(i));
      await round();
    }
    await quiet();
    expect(reader.got).toHaveLength(3);
    reader.acknowledge(2);
    await reader.until(6);
    expect(reader.got).toHaveLength(4);
  });

  it("does not cost others their changes", async () => {
    const { user, stub } = newProfile();
    await full(stub, user);
    const other = await follow(stub, "fields=events");
    await other.next();
    for (let i = 30; i < 35; i++) {
      const version = await ingest(stub, user, event(user, i));
      expect(await other.nextVersion()).toBe(version);
    }
  });
});

describe("a reader with a key", () => {
  let keys = 0;
  const newKey = () => `limn_sk_${String(++keys).padStart(12, "0")}`;
  const alarmOf = (stub: ProfileStub) => runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
  const REVOKED = { code: 1008, reason: "the key was revoked" };

  /** A time at which nobody knows more of revocations than what was asked before. */
  const later = (ms: number) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });

  it("is sent away when its key ends, exactly, and told nothing after", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const until = Date.now() + 700;
    const reader = await follow(stub, `key=${newKey()}&until=${until}`);
    const stays = await follow(stub);
    await reader.next();
    expect(await alarmOf(stub)).toBe(until);
    expect(await reader.closed).toEqual({ code: 1008, reason: "the key has expired" });
    expect(Date.now()).toBeGreaterThanOrEqual(until);
    await ingest(stub, user, event(user, 1));
    await stays.until(2);
    expect(reader.got).toHaveLength(1);
  });

  it.each([false, true])(
    "is sent away within a minute of its revocation, without a change (hibernating: %s)",
    async (hibernates) => {
      const { user, stub } = newProfile();
      await ingest(stub, user, event(user, 0));
      const [revoked, good] = [newKey(), newKey()];
      const [reader, other] = [await follow(stub, `key=${revoked}`), await follow(stub, `key=${good}`)];
      for (const one of [reader, other]) await one.next();
      const opened = Date.now();
      expect((await alarmOf(stub)) ?? Number.NaN).toBeLessThanOrEqual(opened + PATROL_MS);
      expect(PATROL_MS).toBeLessThan(EFFECTIVE_MS);
      await keysObject(env).revoke(revoked);
      if (hibernates) await evictDurableObject(stub);

      later(PATROL_MS);
      expect(await runDurableObjectAlarm(stub)).toBe(true);
      expect(await reader.closed).toEqual(REVOKED);
      expect(await alarmOf(stub)).toBeGreaterThan(Date.now());
      await ingest(stub, user, event(user, 1));
      await other.until(2);
      expect(reader.got).toHaveLength(1);
    },
  );

  it("is sent away at once when it was let in by who had not heard of the revocation", async () => {
    const { stub } = newProfile();
    const key = newKey();
    const before = await follow(stub, `key=${key}`);
    await before.next();
    await keysObject(env).revoke(key);
    later(20_000);
    for (const reader of [await follow(stub, `key=${key}`), before])
      expect(await reader.closed).toEqual(REVOKED);
  });

  it("is sent away, to come again, when nobody knows what was revoked; others are not", async () => {
    const { user, stub } = newProfile();
    const [reader, other] = [
      await follow(stub, `key=${newKey()}`),
      await follow(stub, `until=${Date.now() + 9_000}`),
    ];
    await runInDurableObject(stub, (_, sockets) => {
      const unable = () => {
        throw new Error("nothing is to be told");
      };
      const revocations = new Revocations(async () => undefined);
      return new Live({ sockets, look: unable, wakeAt: () => {}, later: unable, revocations }).patrol();
    });
    expect((await reader.closed).code).toBe(1013);
    await ingest(stub, user, event(user, 0));
    await other.until(1);
  });

  it("is what an object wakes for, and nobody else: not for those who are gone, nor for tokens", async () => {
    const { stub } = newProfile();
    await follow(stub);
    expect(await alarmOf(stub)).toBeNull();
    const until = Date.now() + 86_400_000;
    const token = await follow(stub, `until=${until}`);
    await vi.waitFor(async () => expect(await alarmOf(stub)).toBe(until));
    token.socket.close();
    const reader = await follow(stub, `key=${newKey()}`);
    await vi.waitFor(async () => expect(await alarmOf(stub)).toBeLessThan(until));
    for (let again = 0; again < 2; again++) {
      expect(await runDurableObjectAlarm(stub)).toBe(true);
      expect(await alarmOf(stub)).not.toBeNull();
    }
    reader.socket.close();
    await vi.waitFor(async () => expect(await attachments(stub)).toHaveLength(1));
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await alarmOf(stub)).toBeNull();
  });

  it("does not put off what an instance before this one wanted to wake for", async () => {
    const { stub } = newProfile();
    const soon = Date.now() + 30_000;
    await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(soon));
    await evictDurableObject(stub);
    await follow(stub, `until=${Date.now() + 86_400_000}`);
    await quiet();
    expect(await alarmOf(stub)).toBe(soon);
  });
});

describe("the readers of a profile", () => {
  it("are so many at most; when one goes, there is room for another", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const readers: LiveReader[] = [];
    for (let i = 0; i < MOST_READERS; i++) readers.push(await follow(stub, "fields=events"));
    const refused = await connect(stub);
    expect(refused.webSocket).toBeNull();
    expect(await refused.json()).toEqual({ status: "full", most: MOST_READERS });
    readers[0]?.socket.close(1000);
    await vi.waitFor(async () => expect(await attachments(stub)).toHaveLength(MOST_READERS - 1));
    await follow(stub);
    await ingest(stub, user, event(user, 1));
    for (const reader of readers.slice(1)) await reader.until(2);
  });

  it("are forgotten when they go, with or without a word", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub);
    await reader.next();
    reader.socket.close(1000, "bye");
    await vi.waitFor(async () => expect(await attachments(stub)).toEqual([]));
    await ingest(stub, user, event(user, 1));
    await quiet();
    expect(reader.got).toHaveLength(1);
  });

  it("are each known by less than 2 kB", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub, "", false);
    for (let i = 1; i < 20; i++) {
      await ingest(stub, user, event(user, i));
      await round();
    }
    const [attachment] = await attachments(stub);
    expect(attachment.unacked.length).toBeGreaterThan(5);
    expect(JSON.stringify(attachment).length).toBeLessThan(2048);
    reader.socket.close();
  });

  it.each([
    ["binary", new Uint8Array([1]), 1003],
    ["text that is not JSON", "hello", 1008],
    ["JSON that is no acknowledgement", '{"type":"hello"}', 1008],
    ["null", "null", 1008],
    ["an acknowledgement with more in it", '{"type":"ack","version":1,"x":1}', 1008],
    ["an acknowledgement of no version", '{"type":"ack","version":"1"}', 1008],
    ["more than a kilobyte", JSON.stringify({ type: "ack", version: 1, pad: "x".repeat(1100) }), 1009],
  ])("are closed for sending %s", async (_, data, code) => {
    const { stub } = newProfile();
    const reader = await follow(stub);
    await reader.next();
    reader.socket.send(data);
    expect((await reader.closed).code).toBe(code);
  });

  it("are closed when they acknowledge without end what they never got", async () => {
    const { stub } = newProfile();
    const reader = await follow(stub);
    await reader.next();
    for (let i = 0; i < 20; i++) reader.acknowledge(0);
    expect((await reader.closed).code).toBe(1008);
  });

  it("are closed, to be told why when they come again, once the profile cannot be read", async () => {
    const { user, stub } = newProfile();
    await ingest(stub, user, event(user, 0));
    const reader = await follow(stub);
    await reader.next();
    await runInDurableObject(stub, (instance, { storage }) => {
      if (!(instance instanceof Profile)) throw new Error("a profile was expected");
      storage.sql.exec("UPDATE head SET version = 9, tail = ?", new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9]));
      instance.live.tell(9);
    });
    expect((await reader.closed).code).toBe(1011);
    expect(await (await connect(stub)).json()).toEqual({ status: "failed", code: "state-corrupt" });
  });
});

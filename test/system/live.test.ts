import { type ChildProcess, spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEdge } from "../../serve/edge.ts";
import { KEYS, serve, type TestEdge, TOKENS } from "./edge.ts";

/** workerd lets an object hibernate that was idle for 10 s. */
const HIBERNATION_MS = 11_500;

/** Longer than a change waits for an acknowledgement, with the time it takes to fill the buffers on the way. */
const STALL_MS = 45_000;

let edge: TestEdge;

beforeAll(async () => {
  edge = await serve(undefined, TOKENS);
});

afterAll(async () => {
  await edge.remove();
});

const tokenOf = (user: string) =>
  new SignJWT({ scope: "live" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(user)
    .setIssuer(TOKENS.USER_TOKEN_ISSUER)
    .setAudience(TOKENS.USER_TOKEN_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(TOKENS.USER_TOKEN_SECRET));

const authorised = { Authorization: `Bearer ${KEYS.SECRET_KEY}` };

let events = 0;
async function send(user: string, traits: object = {}): Promise<void> {
  const response = await fetch(`${edge.url}/v1/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${KEYS.WRITE_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ id: `e-${events++}`, userId: user, event: "Product Viewed", traits }),
  });
  expect(response.status).toBe(200);
}

const addressOf = (user: string, query = "") => `${edge.url}/v1/profiles/${user}/live${query}`;

/** Messages as they come, each with the time it came. */
class Received {
  readonly all: { version: number; at: number }[] = [];
  push(data: unknown): void {
    this.all.push({ version: JSON.parse(String(data)).version, at: performance.now() });
  }
  async until(version: number): Promise<number> {
    const find = () => this.all.find((message) => message.version >= version);
    await until(() => find() !== undefined);
    return find()?.at ?? Number.NaN;
  }
}

async function openWebSocket(user: string, query = "") {
  const address = addressOf(user, `${query}&token=${await tokenOf(user)}`);
  const socket = new WebSocket(address.replace("http", "ws"));
  const received = new Received();
  socket.addEventListener("message", ({ data }) => {
    received.push(data);
    socket.send(JSON.stringify({ type: "ack", version: JSON.parse(String(data)).version }));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return { socket, received };
}

/** How many readers there is room for; each of them goes again. */
async function roomFor(user: string, most: number): Promise<number> {
  const opened: AbortController[] = [];
  try {
    while (opened.length < most) {
      const abort = new AbortController();
      const headers = { ...authorised, Accept: "text/event-stream" };
      const response = await fetch(addressOf(user), { headers, signal: abort.signal });
      if (response.status !== 200) {
        await response.body?.cancel();
        break;
      }
      opened.push(abort);
    }
    return opened.length;
  } finally {
    for (const abort of opened) abort.abort();
  }
}

describe("a live profile over a served edge", () => {
  it("tells Node's WebSocket and fetch of a change within a second, also after hibernation", async () => {
    await send("ann");
    const { socket, received } = await openWebSocket("ann", "?fields=events");
    const headers = { ...authorised, Accept: "text/event-stream" };
    const abort = new AbortController();
    const response = await fetch(addressOf("ann", "?fields=events"), { headers, signal: abort.signal });
    const streamed = new Received();
    const reading = (async () => {
      let text = "";
      for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += piece;
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (data !== undefined) streamed.push(data);
        }
      }
    })().catch(() => {});
    for (const reader of [received, streamed]) await reader.until(1);
    for (const [version, pause] of [
      [2, 0],
      [3, 0],
      [4, HIBERNATION_MS],
    ] as const) {
      await sleep(pause);
      const sent = performance.now();
      await send("ann");
      for (const reader of [received, streamed]) {
        expect((await reader.until(version)) - sent).toBeLessThan(1000);
      }
    }
    socket.close();
    abort.abort();
    await reading;
  });

  it("brings an EventSource back by itself to where it was, after the edge was killed", async () => {
    await send("bob");
    const address = addressOf("bob", `?fields=events&token=${await tokenOf("bob")}`);
    // Node's EventSource does not keep its process alive while it waits to connect again.
    const script = `setInterval(() => {}, 1000);
      const source = new EventSource(${JSON.stringify(address)});
      for (const type of ["open", "snapshot", "change"])
        source.addEventListener(type, ({ lastEventId }) => console.log(type, lastEventId ?? ""));`;
    const browser = spawn(process.execPath, ["--experimental-eventsource", "-e", script], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const said = linesOf(browser);
      await until(() => said.includes("snapshot 1"));
      const { port } = new URL(edge.url);
      await edge.kill();
      const env = { ...KEYS, ...TOKENS };
      const again = await startEdge({ port: Number(port), directory: edge.directory, env, quiet: true });
      const remove = edge.remove;
      edge = { ...edge, ...again, remove: () => again.stop().then(remove) };
      await until(() => said.filter((line) => line.startsWith("open")).length === 2);
      await send("bob");
      await until(() => said.includes("change 2"));
      // Nothing in between: it had version 1, and said so.
      expect(said.map((line) => line.trim())).toEqual(["open", "snapshot 1", "open", "change 2"]);
    } finally {
      browser.kill();
    }
  });

  it("refuses the upgrade to a page of another origin, and a reader without a key", async () => {
    const open = (headers: Record<string, string>) =>
      new Promise<string>((resolve) => {
        const { hostname, port } = new URL(edge.url);
        const socket = connect(Number(port), hostname, () => socket.write(upgradeRequest("ann", headers)));
        socket.once("data", (data) => {
          resolve(data.toString("latin1").split("\r\n")[0] ?? "");
          socket.destroy();
        });
      });
    expect(await open({ ...authorised, Origin: "https://evil.example" })).toContain(" 403 ");
    expect(await open({ ...authorised, Origin: edge.url })).toContain(" 101 ");
    expect(await open(authorised)).toContain(" 101 ");
    expect(await open({})).toContain(" 401 ");
  });

  it("forgets readers that are cut off, of either kind", async () => {
    await send("cut");
    const sockets: Socket[] = [];
    const { hostname, port } = new URL(edge.url);
    for (let i = 0; i < 64; i++) {
      const kind = i % 2 === 0 ? upgradeRequest("cut", authorised) : streamRequest("cut", authorised);
      const socket = connect(Number(port), hostname, () => socket.write(kind));
      await new Promise((resolve) => socket.once("data", resolve));
      sockets.push(socket);
    }
    expect(await roomFor("cut", 1)).toBe(0);
    for (const socket of sockets) socket.resetAndDestroy();
    let room = 0;
    for (let tries = 0; tries < 50 && room < 64; tries++) {
      await sleep(100);
      room = await roomFor("cut", 64);
    }
    expect(room).toBe(64);
  });

  it("ends the stream of a reader that stalls, leaves others their changes, and takes it back by version", async () => {
    // Large messages, so that the buffers on the way are soon full.
    for (let i = 0; i < 8; i++) await send("slow", { [`t${i}`]: String(i).padEnd(30_000, "x") });
    const { hostname, port } = new URL(edge.url);
    const stalled = connect(Number(port), hostname, () => stalled.write(streamRequest("slow", authorised)));
    let text = "";
    let events = 0;
    stalled.on("data", (data) => {
      events += data.toString("latin1").split("\nevent: ").length - 1;
      // The end is all that is looked at.
      text = (text + data.toString("latin1")).slice(-400_000);
    });
    await until(() => text.includes("event: snapshot"));
    stalled.pause();
    const other = await openWebSocket("slow", "?fields=events");
    await other.received.until(8);
    let version = 8;
    for (const started = performance.now(); performance.now() - started < STALL_MS; version++) {
      await send("slow", { n: version });
      await other.received.until(version + 1);
    }
    stalled.resume();
    // The last chunk: the response has ended, though nothing says so of the connection.
    await until(() => text.endsWith("\r\n0\r\n\r\n"));
    stalled.destroy();
    expect(events).toBeLessThan(version - 8);
    const last =
      text
        .match(/^id: (\d+)$/gm)
        ?.at(-1)
        ?.slice(4) ?? "";
    expect(Number(last)).toBeLessThan(version);
    const headers = { ...authorised, Accept: "text/event-stream", "Last-Event-ID": last };
    const abort = new AbortController();
    const response = await fetch(addressOf("slow", "?fields=events"), { headers, signal: abort.signal });
    let again = "";
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      again += piece;
      if (again.includes("data: ")) break;
    }
    expect(again).toContain(`{"type":"snapshot","version":${version},`);
    abort.abort();
    other.socket.close();
  });
});

function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  if (child.stdout !== null) createInterface(child.stdout).on("line", (line) => lines.push(line));
  return lines;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (holds()) return;
    await sleep(10);
  }
  throw new Error("it did not come about within 10 s");
}

function upgradeRequest(user: string, headers: Record<string, string>): string {
  return requestOf(user, {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  });
}

function streamRequest(user: string, headers: Record<string, string>): string {
  return requestOf(user, { Accept: "text/event-stream", ...headers });
}

function requestOf(user: string, headers: Record<string, string>): string {
  const lines = Object.entries({ Host: new URL(edge.url).host, ...headers });
  return `GET /v1/profiles/${user}/live HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

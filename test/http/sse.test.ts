import { describe, expect, it } from "vitest";
import { eventStream } from "../../src/http/sse.ts";

/** A stream's reader, which takes a block when it is told to and not before, and the object's end of its socket. */
function open() {
  const { 0: client, 1: object } = new WebSocketPair();
  object.accept();
  const acknowledged: unknown[] = [];
  object.addEventListener("message", ({ data }) => {
    acknowledged.push(JSON.parse(String(data)));
  });
  const stream = eventStream(client).getReader();
  const next = async () => {
    const { done, value } = await stream.read();
    return done ? "the end" : new TextDecoder().decode(value);
  };
  return { object, acknowledged, next, cancel: () => stream.cancel() };
}

const change = (version: number) => JSON.stringify({ type: "change", version, changed: {} });
const block = (version: number) => `id: ${version}\nevent: change\ndata: ${change(version)}\n\n`;
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

describe("a live profile's socket as server-sent events", () => {
  it("acknowledges a message when the next is asked for, not before", async () => {
    const { object, acknowledged, next } = open();
    object.send(change(1));
    object.send(change(2));
    expect([await next(), await next()]).toEqual(["retry: 2000\n\n", block(1)]);
    await turn();
    expect(acknowledged).toEqual([]);
    expect(await next()).toBe(block(2));
    await turn();
    expect(acknowledged).toEqual([{ type: "ack", version: 1 }]);
  });

  it("ends whole, after what had come, when the object sends a reader away that takes its time", async () => {
    const { object, next } = open();
    object.send(change(1));
    object.send(change(2));
    expect([await next(), await next()]).toEqual(["retry: 2000\n\n", block(1)]);
    object.close(1013, "slow");
    await turn();
    expect([await next(), await next()]).toEqual([block(2), "the end"]);
  });

  it("makes a browser forget the version when the profile has become a part of another", async () => {
    const { object, next } = open();
    const moved = JSON.stringify({ type: "moved", to: "ann" });
    object.send(moved);
    object.close(1000);
    expect(await next()).toBe("retry: 2000\n\n");
    expect(await next()).toBe(`id: \nevent: moved\ndata: ${moved}\n\n`);
    expect(await next()).toBe("the end");
  });

  it("closes the socket when it is cancelled", async () => {
    const { object, next, cancel } = open();
    const closed = new Promise((resolve) => object.addEventListener("close", ({ code }) => resolve(code)));
    await next();
    await cancel();
    expect(await closed).toBe(1000);
  });
});

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { BODY_BYTES } from "../../src/events/limits.ts";
import { app } from "../../src/http/app.ts";
import { call, request, send, someone, view } from "./client.ts";

const utf8 = new TextEncoder();

async function gzip(text: string | Uint8Array): Promise<Uint8Array> {
  const stream = new Response(text).body?.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream ?? null).arrayBuffer());
}

/** A stream of chunks that counts how many were asked for. */
function chunks(chunk: Uint8Array, count: number) {
  const counter = { pulled: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (counter.pulled++ < count) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return { counter, stream };
}

const problemOf = async (response: Response) => [
  response.status,
  (await response.json<{ type: string }>()).type,
];

describe("a body", () => {
  it("may be gzip", async () => {
    const body = await gzip(JSON.stringify(view(someone(), "é")));
    const response = await send(body, { headers: { "Content-Encoding": "gzip" } });
    expect(response.status).toBe(200);
  });

  it("may be identity, and nothing that is unknown", async () => {
    const event = view(someone(), "e");
    expect((await send(event, { headers: { "Content-Encoding": "identity" } })).status).toBe(200);
    for (const encoding of ["br", "deflate", "gzip, gzip", "x"]) {
      const response = await send(event, { headers: { "Content-Encoding": encoding } });
      expect(response.headers.get("Accept-Encoding")).toBe("gzip");
      expect(await problemOf(response)).toEqual([415, "/problems/content-encoding"]);
    }
  });

  it("that is broken gzip is malformed", async () => {
    const whole = await gzip(JSON.stringify(view(someone(), "e")));
    for (const broken of [whole.slice(0, -12), utf8.encode("{}"), new Uint8Array()]) {
      const response = await send(broken, { headers: { "Content-Encoding": "gzip" } });
      expect(await problemOf(response)).toEqual([400, "/problems/encoding-malformed"]);
    }
  });

  it("is measured decompressed: 100 MB of zeros are 100 kB of gzip", async () => {
    const zeros = new Response(chunks(new Uint8Array(1_000_000), 100).stream).body;
    const bomb = new Uint8Array(
      await new Response(zeros?.pipeThrough(new CompressionStream("gzip")) ?? null).arrayBuffer(),
    );
    expect(bomb.length).toBeLessThan(110_000);
    const response = await send(bomb, { headers: { "Content-Encoding": "gzip" } });
    expect(await problemOf(response)).toEqual([413, "/problems/body-too-large"]);
  });

  it("may be 2 MiB, not a byte more", async () => {
    const event = JSON.stringify(view(someone(), "e"));
    expect((await send(`[${event}${" ".repeat(BODY_BYTES - event.length - 2)}]`)).status).not.toBe(413);
    const response = await send(`[${event}${" ".repeat(BODY_BYTES - event.length - 1)}]`);
    expect(await problemOf(response)).toEqual([413, "/problems/body-too-large"]);
  });

  it("is read no further than that when its length is not announced", async () => {
    const { counter, stream } = chunks(new Uint8Array(1_000_000).fill(32), 100);
    const response = await app.fetch(request("POST", "/v1/events", { body: stream }), env);
    expect(await problemOf(response)).toEqual([413, "/problems/body-too-large"]);
    expect(counter.pulled).toBeLessThan(6);
  });

  it("is refused when it is larger than Content-Length says, which HTTP itself cuts off", async () => {
    const { stream } = chunks(new Uint8Array(1_000_000).fill(32), 5);
    const headers = { "Content-Length": "10" };
    const response = await app.fetch(request("POST", "/v1/events", { body: stream, headers }), env);
    expect(await problemOf(response)).toEqual([413, "/problems/body-too-large"]);
  });

  it("is not read at all when it says that it is larger", async () => {
    const { counter, stream } = chunks(utf8.encode(JSON.stringify(view(someone(), "e"))), 1);
    const headers = { "Content-Length": "99999999" };
    const response = await app.fetch(request("POST", "/v1/events", { body: stream, headers }), env);
    expect(await problemOf(response)).toEqual([413, "/problems/body-too-large"]);
    expect(counter.pulled).toBeLessThan(2);
  });

  it("that ends early is malformed", async () => {
    const stream = new ReadableStream({
      pull(controller) {
        controller.error(new Error("gone"));
      },
    });
    const response = await app.fetch(request("POST", "/v1/events", { body: stream }), env);
    expect(await problemOf(response)).toEqual([400, "/problems/encoding-malformed"]);
  });

  it("arrives in pieces that cut characters", async () => {
    const bytes = utf8.encode(JSON.stringify(view(someone(), "🙂")));
    let at = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (at < bytes.length) controller.enqueue(bytes.slice(at, ++at));
        else controller.close();
      },
    });
    const response = await app.fetch(request("POST", "/v1/events", { body: stream }), env);
    expect(await response.json()).toMatchObject({ receipts: [{ id: "🙂", status: "applied" }] });
  });

  it("is UTF-8, with or without a byte order mark", async () => {
    const json = JSON.stringify(view(someone(), "e"));
    expect((await send(utf8.encode(`\ufeff${json}`))).status).toBe(200);
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f]]) {
      const body = new Uint8Array([...utf8.encode('{"id":"'), ...bad, ...utf8.encode('"}')]);
      expect(await problemOf(await send(body))).toEqual([400, "/problems/text-malformed"]);
    }
  });

  it("that nests 10,000 levels is refused before it is parsed", async () => {
    for (const path of ["/v1/events", "/v1/profiles/u/rank"]) {
      const body = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
      expect(await problemOf(await call("POST", path, { body }))).toEqual([400, "/problems/json-too-deep"]);
    }
  });
});

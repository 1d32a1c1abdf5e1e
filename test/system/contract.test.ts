import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mintKey } from "../../src/keys/key.ts";
import { Contract } from "../contract/document.ts";
import {
  BEFORE,
  CANARY,
  exchanges,
  GOOD,
  prepare,
  RETENTION_EVENTS,
  type Sent,
} from "../contract/requests.ts";
import { NOT_OVER_HTTP } from "../contract/statuses.ts";
import { KEYS, serve, type TestEdge } from "./edge.ts";

/*
 * What the document says against what a served edge does, both ways: each exchange is answered as documented, and each
 * documented response is the answer of an exchange. To add a route: `GOOD` of `contract/requests.ts` takes requests that
 * are answered with 200, and what else only this route answers stands in `OTHERS` there; keys, bodies and queries that
 * are wrong come by themselves.
 */
const contract = new Contract();
const routes = [...new Set(contract.responses.map(([route]) => route))];
const all = exchanges(routes);
const exercised = new Set<string>();

let edge: TestEdge;
let printed = "";

beforeAll(async () => {
  edge = await serve(undefined, { RETENTION_EVENTS });
  for (const stream of [edge.process.stdout, edge.process.stderr]) {
    stream?.on("data", (piece: Buffer) => {
      printed += piece;
    });
  }
  for (const events of BEFORE) await (await send("POST /v1/events", { body: events })).answer.text();
});
afterAll(() => edge.remove());

const AUTHORIZATION = {
  secret: `Bearer ${KEYS.SECRET_KEY}`,
  write: `Bearer ${KEYS.WRITE_KEY}`,
  bound: `Bearer ${mintKey(KEYS.KEY_SECRET, { kind: "write", origins: ["https://shop.test"] })}`,
};

interface Asked {
  url: URL;
  type: string;
  body: string | Blob | undefined;
  answer: Response;
}

async function send(route: string, sent: Sent): Promise<Asked> {
  const { again, upgrade } = sent;
  const { url, method, headers, body } = prepare(route, sent, edge.url, AUTHORIZATION);
  const type = headers.get("Content-Type") ?? "";
  if (upgrade) return { url, type, body, answer: await open(url, headers) };
  const ask = () => fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  let answer = await ask();
  if (again) {
    await answer.arrayBuffer();
    headers.set("If-None-Match", answer.headers.get("ETag") ?? "");
    answer = await ask();
  }
  return { url, type, body, answer };
}

/** Asks for a WebSocket: 101, which `fetch` cannot, as a response without a status of its own. */
async function open(url: URL, headers: Headers): Promise<Response> {
  const asked = request(url, {
    headers: {
      ...Object.fromEntries(headers),
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": btoa("sixteen bytes 16"),
    },
  });
  const answered = new Promise<Response>((resolve, reject) => {
    asked.on("error", reject);
    asked.on("upgrade", (message, socket) => {
      socket.destroy();
      resolve(new Switched(null, { headers: headersOf(message) }));
    });
    asked.on("response", async (message) => {
      let text = "";
      message.setEncoding("utf8").on("data", (piece) => {
        text += piece;
      });
      await once(message, "end");
      resolve(new Response(text, { status: message.statusCode ?? 0, headers: headersOf(message) }));
    });
  });
  asked.end();
  return answered;
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

class Switched extends Response {
  override get status() {
    return 101;
  }
}

/** The text of an answer; of server-sent events, the first. */
async function read(answer: Response): Promise<string> {
  if (answer.headers.get("Content-Type") !== "text/event-stream") return answer.text();
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (/^data: .*\n\n/m.test(text)) break;
  }
  return text;
}

describe("the document", () => {
  it("has a good request of each route here", () => {
    expect(Object.keys(GOOD).sort()).toEqual(routes.toSorted());
  });

  it.each(all.map((exchange, i) => ({ exchange, name: `${exchange[0]} ${exchange[1]} (${i})` })))(
    "describes $name",
    async ({ exchange: [route, status, sent] }) => {
      const { url, type, body, answer } = await send(route, sent);
      const text = await read(answer);
      expect(answer.status, text.slice(0, 500)).toBe(status);
      expect(contract.faultsOfResponse(route, status, answer.headers, text)).toEqual([]);
      if (status === 200 && !(body instanceof Blob))
        expect(contract.faultsOfRequest(route, url, type, body)).toEqual([]);
      for (const [, data = ""] of text.matchAll(/^data: (\{.*)$/gm)) {
        expect(contract.faultsOfComponent("LiveMessage", JSON.parse(data))).toEqual([]);
      }
      exercised.add(`${route} ${status}`);
    },
  );

  it("has no response that is not exercised", () => {
    const missing = contract.responses
      .filter(([, status]) => NOT_OVER_HTTP[status] === undefined)
      .map(([route, status]) => `${route} ${status}`)
      .filter((response) => !exercised.has(response));
    expect(missing).toEqual([]);
  });
});

it("what is printed meanwhile names no user, key or property", () => {
  expect(printed).not.toContain(CANARY);
  for (const key of Object.values(KEYS)) expect(printed).not.toContain(key.slice(8, 40));
});

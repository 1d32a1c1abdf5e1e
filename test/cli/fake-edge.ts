import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll } from "vitest";

interface SentEvent {
  id: string;
  userId: string;
  event: string;
}

/** What the edge does with a request: answers with this status, drops the connection, or works as it should. */
export type Mishap = number | "drop" | undefined;

/** Keeps events like the edge does, but fails as it is told to: what the real one does too seldom to be tested with. */
export class FakeEdge {
  /** Events by id, and how often each was sent. */
  readonly kept = new Map<string, SentEvent>();
  readonly sent = new Map<string, number>();
  readonly batches: SentEvent[][] = [];
  /** Decides about the nth request with events, from 1. */
  mishap: (request: number) => Mishap = () => undefined;
  /** Another receipt than `applied` or `duplicate` for an event that is sent the nth time. */
  receipt: (
    event: SentEvent,
    time: number,
  ) => { status: string; code?: string; detail?: string } | undefined = () => undefined;
  authorization: string | undefined;
  #requests = 0;
  #url = "";
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      if (request.url === "/healthz") return response.end("{}");
      this.authorization = request.headers.authorization;
      const events: SentEvent[] = JSON.parse(await text(request));
      this.#requests += 1;
      const mishap = this.mishap(this.#requests);
      if (mishap === "drop") return request.socket.destroy();
      if (mishap !== undefined)
        return response.writeHead(mishap, { "retry-after": "0" }).end('{"detail":"no"}');
      this.batches.push(events);
      const receipts = events.map((event, index) => ({ index, id: event.id, ...this.#take(event) }));
      return response.end(JSON.stringify({ receipts }));
    });
    afterAll(() => this.#server.close());
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port }: AddressInfo = Object.assign({ port: 0, address: "", family: "" }, this.#server.address());
    this.#url = `http://127.0.0.1:${port}`;
    return this.#url;
  }

  #take(event: SentEvent): { status: string } {
    const time = (this.sent.get(event.id) ?? 0) + 1;
    this.sent.set(event.id, time);
    const other = this.receipt(event, time);
    if (other !== undefined) return other;
    if (this.kept.has(event.id)) return { status: "duplicate" };
    this.kept.set(event.id, event);
    return { status: "applied" };
  }
}

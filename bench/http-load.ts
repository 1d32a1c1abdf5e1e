import { connect, type Socket } from "node:net";
import { newKeys } from "../src/cli/keys.ts";
import { Random } from "../src/cli/random.ts";
import { simulateShop } from "../src/cli/shop.ts";

/** What the load process is told to do. */
export interface Load {
  port: number;
  connections: number;
  /** For how long; and after how many requests it ends at the latest. */
  ms: number;
  requests?: number;
  request:
    | { kind: "event" | "bare-write"; users: readonly string[] }
    /** `profile-then`: as of another time each, which no memory answers. */
    | { kind: "profile" | "profile-then" | "bare-read"; users: readonly string[] }
    /** `size` events over `users` of the users, evenly; the next batch is of the next users. */
    | { kind: "batch"; users: readonly string[]; size: number; usersPerBatch: number };
}

export interface Loaded {
  requests: number;
  seconds: number;
  /** Latencies, ms. */
  p50: number;
  p99: number;
  /** Processor time of the load process, seconds. */
  cpuSeconds: number;
  /** Bytes of the bodies sent and received, a request. */
  sentBytes: number;
  receivedBytes: number;
}

/** Of one secret in each process, so that the keys of all are good. */
export const KEYS = newKeys("the secret that the keys of the bench are made of");

/** Between a user's events, from 25 days ago on: room for 144,000 of them before now. */
const EVENT_EVERY_MS = 15_000;
const start = Date.now() - 25 * 86_400_000;

/** Events of the simulated shop: what comes after the id, the user and the time. */
const rests = simulateShop({ seed: 1, end: start }).events.map(({ event, properties, traits }) =>
  JSON.stringify({ event, properties, ...(traits && { traits }) }).slice(1),
);
const random = new Random(1);
let sent = 0;
/** Of each user, how many events were sent. */
const counts = new Map<string, number>();

/** The JSON of a new event. */
function nextEvent(user: string): string {
  const count = counts.get(user) ?? 0;
  counts.set(user, count + 1);
  const id = `b7c1e0d2-4f3a-4c57-9a61-${String(sent).padStart(12, "0")}`;
  const rest = rests[sent++ % rests.length];
  return `{"id":"${id}","userId":"${user}","timestamp":${start + count * EVENT_EVERY_MS},${rest}`;
}

/** The next request as bytes to send. */
function maker(request: Load["request"]): () => { bytes: string; body: number } {
  const { users } = request;
  let turn = 0;
  /** At random: in turn, the tails of all would be full in the same moment. */
  const anyUser = () => users[Math.floor(random.next() * users.length)] ?? "";
  const nextUser = () => users[turn++ % users.length] ?? "";
  const post = (path: string, body: string) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${KEYS.WRITE_KEY}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    return { bytes: head + body, body: body.length };
  };
  const get = (path: string) => ({
    bytes: `GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${KEYS.SECRET_KEY}\r\n\r\n`,
    body: 0,
  });
  switch (request.kind) {
    case "event":
      return () => post("/v1/events", nextEvent(anyUser()));
    case "bare-write":
      return () => post("/write", nextEvent(anyUser()));
    case "profile":
      return () => get(`/v1/profiles/${anyUser()}`);
    case "profile-then":
      return () => get(`/v1/profiles/${anyUser()}?at=${Date.now() + turn++}`);
    case "bare-read":
      return () => get(`/read/${anyUser()}`);
    case "batch":
      return () => {
        const chosen = Array.from({ length: request.usersPerBatch }, nextUser);
        const events = Array.from({ length: request.size }, (_, i) =>
          nextEvent(chosen[i % chosen.length] ?? ""),
        );
        return post("/v1/events", `[${events.join(",")}]`);
      };
  }
}

/**
 * Sends requests over keep-alive connections, on each the next one when the one before is answered. A few lines over
 * `node:net`, because a client that is nearly as slow as the server would be what is measured.
 */
export async function load({
  port,
  connections,
  ms,
  requests = Number.POSITIVE_INFINITY,
  request,
}: Load): Promise<Loaded> {
  const next = maker(request);
  const latencies: number[] = [];
  let sentBytes = 0;
  let receivedBytes = 0;
  let begun = 0;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const cpu = process.cpuUsage();
  const began = performance.now();
  const end = began + ms;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let sentAt = 0;
          const send = () => {
            if (performance.now() >= end || begun >= requests) {
              socket.destroy();
              resolve();
              return;
            }
            begun++;
            const { bytes, body } = next();
            sentBytes += body;
            sentAt = performance.now();
            socket.write(bytes, "latin1");
          };
          const answers = new Answers((status, size) => {
            latencies.push(performance.now() - sentAt);
            receivedBytes += size;
            if (status < 200 || status > 204)
              reject(new Error(`${request.kind} was answered with ${status}`));
            else send();
          });
          socket.on("data", (piece) => answers.take(piece));
          socket.on("error", reject);
          send();
        }),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  return {
    requests: latencies.length,
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    cpuSeconds: (user + system) / 1e6,
    sentBytes: sentBytes / latencies.length,
    receivedBytes: receivedBytes / latencies.length,
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Finds the ends of answers, one at a time, by their Content-Length, which workerd always sends here. */
class Answers {
  readonly #answered: (status: number, bodyBytes: number) => void;
  #head = "";
  #status = 0;
  #size = 0;
  #missing = 0;

  constructor(answered: (status: number, bodyBytes: number) => void) {
    this.#answered = answered;
  }

  take(piece: Buffer): void {
    if (this.#missing > 0) {
      this.#missing -= piece.length;
    } else {
      this.#head += piece.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#status = Number(this.#head.slice(9, 12));
      const length = /\r\ncontent-length: (\d+)/i.exec(this.#head.slice(0, end));
      if (length === null && this.#status !== 204) throw new Error("an answer has no Content-Length");
      this.#size = Number(length?.[1] ?? 0);
      this.#missing = this.#size - (this.#head.length - end - 4);
      this.#head = "";
    }
    if (this.#missing === 0) this.#answered(this.#status, this.#size);
    else if (this.#missing < 0) throw new Error("more was answered than asked");
  }
}

// As a process of its own, each message is a load to bring.
process.on("message", (message: Load) => {
  load(message).then(
    (loaded) => process.send?.({ loaded }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});

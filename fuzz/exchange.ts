import { Buffer } from "node:buffer";
import { Agent, type IncomingMessage, request } from "node:http";
import { BODY_BYTES } from "../src/events/limits.ts";
import type { Sent } from "./requests.ts";

/** What came of a request. */
export interface Answer {
  /** 0 without an answer: the client had lied about the length and waits no longer, or sent more than is read. */
  status: number;
  header: (name: string) => string | undefined;
  text: string;
  /** From the request's first byte to the answer's last. */
  ms: number;
}

/** What is not there after this long is not waited for. */
const PATIENCE_MS = 10_000;
/** How long the rest of a body that was announced and does not come is waited for. */
const LIE_MS = 300;

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/**
 * Sends a request with the client of Node, which checks less than `fetch`. Of a stream the beginning is read; an opened
 * WebSocket gets some bytes that are no frame, and is closed.
 */
export function exchange(url: string, sent: Sent): Promise<Answer> {
  const { method, path, headers, body, lie = 0 } = sent;
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(url + path, {
      path,
      method,
      // A connection on which the length was a lie is of no use to others.
      agent: lie === 0 ? agent : false,
      headers: {
        ...Object.fromEntries(headers),
        ...(bytes === undefined ? {} : { "content-length": Math.max(0, bytes.length + lie) }),
      },
    });
    const answered = (response: IncomingMessage | undefined, text: string) => {
      clearTimeout(timer);
      const ms = performance.now() - started;
      const header = (name: string) => response?.headers[name]?.toString();
      resolve({ status: response?.statusCode ?? 0, header, text, ms });
    };
    const timer = setTimeout(
      () => {
        outgoing.destroy();
        if (lie > 0) answered(undefined, "");
        else reject(new Error(`no answer within ${PATIENCE_MS} ms`));
      },
      lie > 0 ? LIE_MS : PATIENCE_MS,
    );
    outgoing.on("error", (error) => {
      clearTimeout(timer);
      // The timer has gone off; or the edge has answered 413, and closed the connection under a body that still came
      // and that it does not read.
      if (lie === 0 && (bytes?.length ?? 0) <= BODY_BYTES) reject(error);
      else answered(undefined, "");
    });
    outgoing.on("upgrade", (response, socket) => {
      socket.on("error", () => {});
      socket.write(Buffer.from([0xff, 0x00, 0x81, 0xfe, 0xff]));
      setTimeout(() => socket.destroy(), 20);
      answered(response, "");
    });
    outgoing.on("response", (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => {
        pieces.push(piece);
        if (response.headers["content-type"] !== "text/event-stream") return;
        response.destroy();
        answered(response, Buffer.concat(pieces).toString());
      });
      response.on("end", () => answered(response, Buffer.concat(pieces).toString()));
      response.on("error", () => answered(response, Buffer.concat(pieces).toString()));
      if (response.headers["content-type"] === "text/event-stream")
        setTimeout(() => response.destroy(), LIE_MS);
    });
    outgoing.end(bytes);
  });
}

/** Closes what is kept open. */
export function hangUp(): void {
  agent.destroy();
}

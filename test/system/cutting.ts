import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

export interface Cutting {
  url: string;
  /** How many requests were cut. */
  cut(): number;
  /** The messages of cut requests that were not sent again and answered since. */
  unanswered: ReadonlySet<string>;
  close(): void;
}

/**
 * Stands before an edge and passes on what comes, but of some posts, by their number from 1, no answer: it cuts the
 * connection when the edge has answered, so that what was sent is in, and the client cannot know.
 */
export async function cutting(url: string, isCut: (post: number) => boolean): Promise<Cutting> {
  const unanswered = new Set<string>();
  let posts = 0;
  let cut = 0;
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const mustCut = incoming.method === "POST" && isCut(++posts);
    const answer = await pass(url, incoming, body);
    const text = await buffer(answer);
    for (const id of messagesIn(incoming, body)) {
      if (mustCut) unanswered.add(id);
      else unanswered.delete(id);
    }
    if (mustCut) {
      cut++;
      incoming.socket.destroy();
    } else {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(text);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    cut: () => cut,
    unanswered,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function pass(url: string, { url: path = "/", method, headers }: IncomingMessage, body: Buffer) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL(path, url), { method, headers }, resolve).on("error", reject).end(body);
  });
}

function messagesIn({ headers }: IncomingMessage, body: Buffer): string[] {
  const text = (headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
  return Array.from(text.matchAll(/"messageId":"([^"]+)"/g), ([, id = ""]) => id);
}

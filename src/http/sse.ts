/** After so long without a change a comment is sent, in ms: proxies close connections that are silent. */
const HEARTBEAT_MS = 20_000;
/** After so long a browser connects again, in ms. */
const RETRY_MS = 2_000;

const encoder = new TextEncoder();

/**
 * A live profile's WebSocket as server-sent events, for readers who speak only HTTP. The object sees one kind of
 * reader: a message is acknowledged when the response's reader takes the next one, so a slow one is slow there, too,
 * and it keeps no object awake.
 */
export function eventStream(socket: WebSocket): ReadableStream<Uint8Array> {
  const inbox = new Inbox(socket);
  let taken: number | undefined;
  return new ReadableStream(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      },
      async pull(controller) {
        // The object may have sent the reader away meanwhile: then the stream ends, once what came before was taken.
        if (taken !== undefined && socket.readyState === WebSocket.OPEN) {
          socket.send(JSON.stringify({ type: "ack", version: taken }));
        }
        taken = undefined;
        const text = await inbox.next(HEARTBEAT_MS);
        if (text === "closed") return controller.close();
        if (text === "quiet") return controller.enqueue(encoder.encode(":\n\n"));
        const { type, version }: { type: string; version?: number } = JSON.parse(text);
        taken = version;
        // An empty id makes the browser forget the last one: a version says nothing about another profile.
        controller.enqueue(encoder.encode(`id: ${version ?? ""}\nevent: ${type}\ndata: ${text}\n\n`));
      },
      cancel() {
        socket.close(1000);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The messages of a socket, one at a time. How many can wait here is bounded by the acknowledgements. */
class Inbox {
  readonly #messages: string[] = [];
  #closed = false;
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#messages.push(data);
      this.#wake();
    });
    const close = () => {
      this.#closed = true;
      this.#wake();
    };
    socket.addEventListener("close", close);
    socket.addEventListener("error", close);
    socket.accept();
  }

  /** The next message; or that none came for so long, or that none will come. */
  async next(ms: number): Promise<string | "quiet" | "closed"> {
    if (this.#messages.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#messages.shift() ?? (this.#closed ? "closed" : "quiet");
  }
}

/** What a live profile says. */
export type LiveMessage =
  | { type: "snapshot"; version: number; profile: Record<string, unknown> | null }
  | { type: "change"; version: number; changed: Record<string, unknown> }
  | { type: "moved"; to: string };

const PATIENCE_MS = 2_000;

/** A reader of a live profile, as a client would write one. */
export class LiveReader {
  readonly socket: WebSocket;
  /** All it got, in order. */
  readonly got: LiveMessage[] = [];
  /** Its copy of the profile. */
  copy: Record<string, unknown> | null = null;
  /** How its connection ended. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #taken = 0;
  #wake: () => void = () => {};

  constructor(socket: WebSocket, acknowledges = true) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string" || data === "pong") return;
      const message: LiveMessage = JSON.parse(data);
      this.got.push(message);
      if (message.type === "snapshot") this.copy = message.profile;
      if (message.type === "change") this.copy = { ...this.copy, ...message.changed };
      if (acknowledges && message.type !== "moved") this.acknowledge(message.version);
      this.#wake();
    });
    socket.accept();
  }

  /** The next message that was not taken yet. */
  async next(): Promise<LiveMessage> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const message = this.got[this.#taken];
      if (message !== undefined) {
        this.#taken++;
        return message;
      }
      const left = until - Date.now();
      if (left <= 0) throw new Error("no message came");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The version of the next message. */
  async nextVersion(): Promise<number | undefined> {
    const message = await this.next();
    return message.type === "moved" ? undefined : message.version;
  }

  /** Takes messages until its copy is of that version. */
  async until(version: number): Promise<void> {
    while ((await this.nextVersion()) !== version);
  }

  acknowledge(version: number): void {
    this.socket.send(JSON.stringify({ type: "ack", version }));
  }
}

/** Long enough for a message that should not come to come, in ms. */
export const QUIET_MS = 300;

export const quiet = () => new Promise<void>((resolve) => setTimeout(resolve, QUIET_MS));

import * as v from "valibot";
import { change, type Held, type Message, type Portrait, portray, snapshot } from "./changes.ts";
import type { Failed, LiveRefused, Looked } from "./contract.ts";
import type { Moved } from "./merge-contract.ts";

/** Readers of one profile at once. */
export const MOST_READERS = 64;
/** Messages a reader may have that it has not acknowledged; after them changes wait, and become one. */
export const MOST_UNACKED = 16;
/** The same in characters: what a reader who does not read may cost in memory, or one message. */
const MOST_UNACKED_LENGTH = 65_536;
/** How long a change waits for an acknowledgement before the reader is sent away, in ms. */
export const PATIENCE_MS = 30_000;
/** Between two rounds of changes, in ms: what comes faster is told as one. */
export const ROUND_MS = 100;
/** Longest message that a reader may send. */
const LONGEST_ACK = 1024;
/** Acknowledgements in a row that acknowledge nothing. */
const MOST_IDLE_ACKS = 16;

/** Close codes (RFC 6455, 7.4.1, and the IANA registry). */
const CLOSE = { done: 1000, notText: 1003, policy: 1008, tooBig: 1009, internal: 1011, slow: 1013 } as const;

/** What the readers are attached to. */
export interface Source {
  sockets: Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets" | "setWebSocketAutoResponse">;
  look: () => Looked | Moved | Failed;
  /** Asks for a call of `check` at that time, ms. */
  wakeAt: (time: number) => void;
}

/**
 * All that is known of a reader. It is attached to its socket, because memory does not outlive hibernation: less than
 * 2 kB, of the 16 that an attachment may have.
 */
interface Reader {
  /** The members it asked for; all without. */
  fields?: string[];
  /** The version its copy is of. */
  version: number;
  held: Held;
  /** Version and length of each message it has not acknowledged, oldest first. */
  unacked: [version: number, length: number][];
  /** Since when a change waits for an acknowledgement, ms. */
  waitingSince?: number;
  idleAcks: number;
  /** When the token that it was opened with ends, ms: after that nothing is told. */
  until?: number;
}

const Ack = v.strictObject({ type: v.literal("ack"), version: v.pipe(v.number(), v.safeInteger()) });

/**
 * Tells the readers of a profile, over WebSockets that hibernate, what changes in it. Nothing is told that is not
 * durable: the runtime holds each message back, as it does responses, until what was written before it is on disk.
 */
export class Live {
  readonly #source: Source;
  /** Whether there may be readers: what a commit without any pays is a look at this. */
  #watched: boolean;
  /** The version of the last round. */
  #told: number | undefined;
  #roundAt = Number.NEGATIVE_INFINITY;
  #roundDue = false;

  constructor(source: Source) {
    this.#source = source;
    this.#watched = source.sockets.getWebSockets().length > 0;
  }

  /**
   * Takes a reader in, with what it is behind. `fields` and `since`, the version of its copy, are in the request's query;
   * if that is the present one, nothing is sent before the next change, else the profile: older states are not kept
   * by version. A user without a profile can be waited for; that stores nothing.
   */
  open(request: Request): Response {
    const { sockets, look } = this.#source;
    if (sockets.getWebSockets().length >= MOST_READERS) return refuse({ status: "full", most: MOST_READERS });
    const looked = look();
    if (looked.status !== "looked") return refuse(looked);
    const { searchParams } = new URL(request.url);
    const fields = searchParams.get("fields")?.split(",");
    const since = searchParams.get("since");
    const until = searchParams.get("until");

    const { 0: theirs, 1: ours } = new WebSocketPair();
    sockets.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    sockets.acceptWebSocket(ours);
    this.#watched = true;
    if (until !== null) this.#source.wakeAt(Number(until));
    const reader: Reader = {
      ...(fields === undefined ? {} : { fields }),
      version: looked.version,
      held: looked.profile === undefined ? undefined : {},
      unacked: [],
      idleAcks: 0,
      ...(until === null ? {} : { until: Number(until) }),
    };
    if (since !== null && Number(since) === looked.version) ours.serializeAttachment(reader);
    else send(ours, reader, looked.version, snapshot(portray(looked.version, looked.profile), fields));
    return new Response(null, { status: 101, webSocket: theirs });
  }

  /** To be called after whatever may have changed the profile, with its version now. */
  tell(version: number | undefined): void {
    if (!this.#watched || version === undefined || version === this.#told) return;
    this.#told = version;
    this.#plan();
  }

  /** A message from a reader: an acknowledgement of all messages up to a version. Any other closes its socket. */
  receive(socket: WebSocket, data: string | ArrayBuffer): void {
    const ack = readAck(data);
    if ("code" in ack) {
      socket.close(ack.code, ack.reason);
      return;
    }
    const { waitingSince, ...reader } = readerOf(socket);
    const unacked = reader.unacked.filter(([version]) => version > ack.version);
    if (unacked.length < reader.unacked.length) {
      socket.serializeAttachment({ ...reader, unacked, idleAcks: 0 });
      if (waitingSince !== undefined) this.#plan();
    } else if (reader.idleAcks < MOST_IDLE_ACKS) {
      const idleAcks = reader.idleAcks + 1;
      socket.serializeAttachment({
        ...reader,
        idleAcks,
        ...(waitingSince === undefined ? {} : { waitingSince }),
      });
    } else socket.close(CLOSE.policy, "one acknowledgement a message is expected");
  }

  /** Sends readers away for whom a change has waited too long, or whose token has ended. */
  check(now: number): void {
    if (!this.#watched) return;
    for (const socket of this.#source.sockets.getWebSockets()) {
      const { waitingSince, until } = readerOf(socket);
      if (isOver(socket, now)) {
        socket.close(CLOSE.policy, ENDED);
        continue;
      }
      if (until !== undefined) this.#source.wakeAt(until);
      if (waitingSince !== undefined) this.#wait(socket, waitingSince, now);
    }
  }

  /** The last message to all readers when the profile has become a part of another. */
  move(to: string): void {
    if (!this.#watched) return;
    const text = JSON.stringify({ type: "moved", to });
    for (const socket of this.#source.sockets.getWebSockets()) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      socket.send(text);
      socket.close(CLOSE.done, "moved");
    }
  }

  /** A round as soon as one may be; never within the call that changed the profile, whose answer should not wait for it. */
  #plan(): void {
    if (this.#roundDue) return;
    this.#roundDue = true;
    const wait = this.#roundAt + ROUND_MS - Date.now();
    // A clock that was set back must not stop the rounds.
    setTimeout(() => this.#round(), Math.min(Math.max(wait, 0), ROUND_MS));
  }

  #round(): void {
    this.#roundDue = false;
    const sockets = this.#source.sockets.getWebSockets();
    this.#watched = sockets.length > 0;
    if (!this.#watched) return;
    const now = Date.now();
    this.#roundAt = now;
    const portrait = this.#portrait();
    for (const socket of sockets) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      if (portrait === undefined) socket.close(CLOSE.internal, "the profile cannot be read: connect again");
      else if (isOver(socket, now)) socket.close(CLOSE.policy, ENDED);
      else this.#update(socket, portrait, now);
    }
  }

  /** Undefined when the profile cannot be read: who connects again is told why. */
  #portrait(): Portrait | undefined {
    try {
      const looked = this.#source.look();
      return looked.status !== "looked" ? undefined : portray(looked.version, looked.profile);
    } catch {
      return undefined;
    }
  }

  #update(socket: WebSocket, portrait: Portrait, now: number): void {
    const { version } = portrait;
    const reader = readerOf(socket);
    if (reader.version === version) return;
    const message = change(portrait, reader.fields, reader.held);
    if (message === undefined) socket.serializeAttachment({ ...reader, version });
    else if (hasRoom(reader)) send(socket, reader, version, message);
    else {
      const { waitingSince = now } = reader;
      socket.serializeAttachment({ ...reader, waitingSince });
      this.#wait(socket, waitingSince, now);
    }
  }

  #wait(socket: WebSocket, since: number, now: number): void {
    const until = since + PATIENCE_MS;
    if (now < until) this.#source.wakeAt(until);
    else socket.close(CLOSE.slow, "acknowledge sooner; connect again with since=<version>");
  }
}

const ENDED = "the token has ended";

function isOver(socket: WebSocket, now: number): boolean {
  const { until } = readerOf(socket);
  return until !== undefined && now >= until;
}

function hasRoom({ unacked }: Reader): boolean {
  const length = unacked.reduce((sum, [, length]) => sum + length, 0);
  return unacked.length < MOST_UNACKED && length < MOST_UNACKED_LENGTH;
}

function send(socket: WebSocket, reader: Reader, version: number, { text, held }: Message): void {
  socket.send(text);
  const unacked: Reader["unacked"] = [...reader.unacked, [version, text.length]];
  socket.serializeAttachment({ ...reader, version, held, unacked });
}

function readerOf(socket: WebSocket): Reader {
  const reader: Reader = socket.deserializeAttachment();
  return reader;
}

/** The version that a message acknowledges, or why its sender must go. */
function readAck(data: string | ArrayBuffer): { version: number } | { code: number; reason: string } {
  if (typeof data !== "string") return { code: CLOSE.notText, reason: "text is expected" };
  if (data.length > LONGEST_ACK) return { code: CLOSE.tooBig, reason: "the message is too long" };
  try {
    return v.parse(Ack, JSON.parse(data));
  } catch {
    return { code: CLOSE.policy, reason: '{"type":"ack","version":n} is expected' };
  }
}

function refuse(why: LiveRefused | Moved | Failed): Response {
  return Response.json(why, { status: 503 });
}

import { EFFECTIVE_MS, type Revocations } from "../keys/revocations.ts";
import { change, type Portrait, portray, snapshot } from "./changes.ts";
import type { Failed, LiveRefused, Looked } from "./contract.ts";
import type { Moved } from "./merge-contract.ts";
import { CLOSE, hasRoom, type Reader, readAck, readerOf, send } from "./reader.ts";

/** Readers of one profile at once. */
export const MOST_READERS = 64;
/** How long a change waits for an acknowledgement before the reader is sent away, in ms. */
export const PATIENCE_MS = 30_000;
/** Between two rounds of changes, in ms: what comes faster is told as one. */
export const ROUND_MS = 100;
/** Acknowledgements in a row that acknowledge nothing. */
const MOST_IDLE_ACKS = 16;

/** Between two looks at whether the keys of readers were revoked, in ms: each wakes the object. */
export const PATROL_MS = 50_000;
/** How old what is known of it may be then, in ms: all objects of an isolate share one answer for so long. */
const KNOWN_MS = EFFECTIVE_MS - PATROL_MS;

/** What the readers are attached to. */
export interface Source {
  sockets: Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets" | "setWebSocketAutoResponse">;
  look: () => Looked | Moved | Failed;
  /** Asks for a call of `check` and `patrol` at that time, ms. */
  wakeAt: (time: number) => void;
  revocations: Pick<Revocations, "within" | "has">;
  /** Keeps the object awake for that. */
  later: (work: Promise<unknown>) => void;
}

/**
 * Tells the readers of a profile, over WebSockets that hibernate, what changes in it. Nothing is told that is not
 * durable: the runtime holds each message back, as it does responses, until what was written before it is on disk.
 *
 * A reader goes with the key or token that it was opened with: when that ends by itself, at that time, by an alarm. That
 * a key was revoked nobody tells the objects, so while one has readers with a key it asks, when they come and then as
 * often as makes it a minute at most. An object without them is never woken for it.
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
   * by version. A user without a profile can be waited for; that stores nothing but the alarm. `key` is the id of the key
   * that the reader goes with, `until` when that or its token ends.
   */
  open(request: Request): Response {
    const { sockets, look, later, wakeAt } = this.#source;
    if (this.#readers.length >= MOST_READERS) return refuse({ status: "full", most: MOST_READERS });
    const looked = look();
    if (looked.status !== "looked") return refuse(looked);
    const { searchParams } = new URL(request.url);
    const fields = searchParams.get("fields")?.split(",");
    const since = searchParams.get("since");
    const key = searchParams.get("key");
    const until = searchParams.get("until");

    const { 0: theirs, 1: ours } = new WebSocketPair();
    sockets.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    sockets.acceptWebSocket(ours);
    this.#watched = true;
    const reader: Reader = {
      ...(fields === undefined ? {} : { fields }),
      version: looked.version,
      held: looked.profile === undefined ? undefined : {},
      unacked: [],
      idleAcks: 0,
      ...(key === null ? {} : { key }),
      ...(until === null ? {} : { until: Number(until) }),
    };
    if (since !== null && Number(since) === looked.version) ours.serializeAttachment(reader);
    else send(ours, reader, looked.version, snapshot(portray(looked.version, looked.profile), fields));
    if (until !== null) wakeAt(Number(until));
    // It was let in by what its isolate knew, which may be nearly a minute old.
    if (key !== null) later(this.patrol());
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

  /** Sends readers away for whom a change has waited too long, or whose token or key has ended. */
  check(now: number): void {
    if (!this.#watched) return;
    for (const socket of this.#readers) {
      const reader = readerOf(socket);
      if (this.#dismiss(socket, reader, now)) continue;
      const { waitingSince, until } = reader;
      if (until !== undefined) this.#source.wakeAt(until);
      if (waitingSince !== undefined) this.#wait(socket, waitingSince, now);
    }
  }

  /** Sends readers away whose key was revoked. When that cannot be known they go, too, as requests are refused then. */
  async patrol(): Promise<void> {
    if (!this.#watched) return;
    const keyed = this.#readers.filter((socket) => readerOf(socket).key !== undefined);
    if (keyed.length === 0) return;
    const { revocations, wakeAt } = this.#source;
    wakeAt(Date.now() + PATROL_MS);
    const isKnown = await revocations.within(KNOWN_MS);
    for (const socket of keyed.filter(isOpen)) {
      const isDismissed = this.#dismiss(socket, readerOf(socket), Date.now());
      if (!isDismissed && !isKnown) socket.close(CLOSE.tryAgain, UNCERTAIN);
    }
  }

  /** The last message to all readers when the profile has become a part of another. */
  move(to: string): void {
    if (!this.#watched) return;
    const text = JSON.stringify({ type: "moved", to });
    for (const socket of this.#readers) {
      if (this.#dismiss(socket, readerOf(socket), Date.now())) continue;
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
    const readers = this.#readers;
    this.#watched = readers.length > 0;
    if (!this.#watched) return;
    const now = Date.now();
    this.#roundAt = now;
    const portrait = this.#portrait();
    for (const socket of readers) {
      const reader = readerOf(socket);
      if (this.#dismiss(socket, reader, now)) continue;
      if (portrait === undefined) socket.close(CLOSE.internal, "the profile cannot be read: connect again");
      else this.#update(socket, reader, portrait, now);
    }
  }

  /** Sends a reader away whose token or key has ended, or is known to be revoked; whether it did. */
  #dismiss(socket: WebSocket, { key, until }: Reader, now: number): boolean {
    const isRevoked = key !== undefined && this.#source.revocations.has(key);
    const isOver = until !== undefined && now >= until;
    if (isRevoked) socket.close(CLOSE.policy, "the key was revoked");
    else if (isOver)
      socket.close(CLOSE.policy, key === undefined ? "the token has ended" : "the key has expired");
    return isRevoked || isOver;
  }

  get #readers(): WebSocket[] {
    return this.#source.sockets.getWebSockets().filter(isOpen);
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

  #update(socket: WebSocket, reader: Reader, portrait: Portrait, now: number): void {
    const { version } = portrait;
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
    else socket.close(CLOSE.tryAgain, "acknowledge sooner; connect again with since=<version>");
  }
}

const UNCERTAIN = "whether the key is still good cannot be known now; connect again with since=<version>";

function isOpen({ readyState }: WebSocket): boolean {
  return readyState === WebSocket.OPEN;
}

function refuse(why: LiveRefused | Moved | Failed): Response {
  return Response.json(why, { status: 503 });
}

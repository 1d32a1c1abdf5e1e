import type { Revocations } from "../keys/revocations.ts";
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

/** The tag of sockets that were opened with a key. */
const KEYED = "key";

/** What the readers are attached to. */
export interface Source {
  sockets: Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets" | "setWebSocketAutoResponse">;
  look: () => Looked | Moved | Failed;
  /** Asks for a call of `check` at that time, ms. */
  wakeAt: (time: number) => void;
  /** Which keys are revoked. */
  revocations: Pick<Revocations, "ready" | "has">;
  /** Keeps the object awake while that is asked for. */
  later: (work: Promise<unknown>) => void;
}

/**
 * Tells the readers of a profile, over WebSockets that hibernate, what changes in it. Nothing is told that is not
 * durable: the runtime holds each message back, as it does responses, until what was written before it is on disk.
 *
 * A reader goes with the key or token that it was opened with. At its end an alarm rings. That a key was revoked nobody
 * tells the objects, and to ask they would have to wake: so it is looked at whenever something is to be told. Nothing is
 * told before it is known, as of a minute ago at most, that the key is good; and whoever is told nothing costs nothing.
 */
export class Live {
  readonly #source: Source;
  /** Whether there may be readers: what a commit without any pays is a look at this. */
  #watched: boolean;
  /** The version of the last round. */
  #told: number | undefined;
  /** Whose part the profile has become, when the next round is to say so. */
  #moved: string | undefined;
  #roundAt = Number.NEGATIVE_INFINITY;
  #roundDue = false;

  constructor(source: Source) {
    this.#source = source;
    this.#watched = source.sockets.getWebSockets().length > 0;
  }

  /**
   * Takes a reader in, with what it is behind. `fields` and `since`, the version of its copy, are in the request's query;
   * if that is the present one, nothing is sent before the next change, else the profile: older states are not kept
   * by version. A user without a profile can be waited for; that stores nothing. `key` and `until` say whose it is, and
   * until when.
   */
  async open(request: Request): Promise<Response> {
    const { sockets, look } = this.#source;
    // Readers whose key is revoked may be in the way.
    if (this.#isFull && (await this.#knowsRevoked())) this.check(Date.now());
    if (this.#isFull) return refuse({ status: "full", most: MOST_READERS });
    const looked = look();
    if (looked.status !== "looked") return refuse(looked);
    const { searchParams } = new URL(request.url);
    const fields = searchParams.get("fields")?.split(",");
    const since = searchParams.get("since");
    const key = searchParams.get("key");
    const until = searchParams.get("until");

    const { 0: theirs, 1: ours } = new WebSocketPair();
    sockets.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    sockets.acceptWebSocket(ours, key === null ? [] : [KEYED]);
    this.#watched = true;
    if (until !== null) this.#source.wakeAt(Number(until));
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
    return new Response(null, { status: 101, webSocket: theirs });
  }

  /** To be called after whatever may have changed the profile, with its version now. */
  tell(version: number | undefined): void {
    if (!this.#watched || version === undefined) return;
    this.#moved = undefined;
    if (version === this.#told) return;
    this.#told = version;
    this.#plan();
  }

  /** To be called instead when the profile has become a part of another: it is the last message to all. */
  move(to: string): void {
    if (!this.#watched) return;
    this.#moved = to;
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
    if (this.#dismiss(socket, reader, Date.now())) return;
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

  /** Sends readers away for whom a change has waited too long, or whose token or key has ended, as far as is known. */
  check(now: number): void {
    if (!this.#watched) return;
    for (const socket of this.#source.sockets.getWebSockets()) {
      const reader = readerOf(socket);
      if (this.#dismiss(socket, reader, now)) continue;
      const { waitingSince, until } = reader;
      if (until !== undefined) this.#source.wakeAt(until);
      if (waitingSince !== undefined) this.#wait(socket, waitingSince, now);
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
    const known = this.#knowsRevoked();
    if (known === true) this.#tellAll(true);
    else this.#source.later(known.then((isKnown) => this.#tellAll(isKnown)));
  }

  /** Whether it is known which keys are revoked, as far as a reader has one; at once as a rule. */
  #knowsRevoked(): true | Promise<boolean> {
    const { sockets, revocations, later } = this.#source;
    return sockets.getWebSockets(KEYED).length === 0 || revocations.ready(later);
  }

  #tellAll(isKnown: boolean): void {
    this.#roundDue = false;
    const sockets = this.#source.sockets.getWebSockets();
    this.#watched = sockets.length > 0;
    if (!this.#watched) return;
    const now = Date.now();
    this.#roundAt = now;
    const moved = this.#moved;
    const portrait = moved === undefined ? this.#portrait() : undefined;
    for (const socket of sockets) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      const reader = readerOf(socket);
      if (this.#dismiss(socket, reader, now)) continue;
      if (reader.key !== undefined && !isKnown) socket.close(CLOSE.tryAgain, UNCERTAIN);
      else if (moved !== undefined) {
        socket.send(JSON.stringify({ type: "moved", to: moved }));
        socket.close(CLOSE.done, "moved");
      } else if (portrait === undefined) {
        socket.close(CLOSE.internal, "the profile cannot be read: connect again");
      } else this.#update(socket, reader, portrait, now);
    }
  }

  /** Sends a reader away whose token or key has ended; whether it did. */
  #dismiss(socket: WebSocket, { key, until }: Reader, now: number): boolean {
    const isOver = until !== undefined && now >= until;
    const isRevoked = key !== undefined && this.#source.revocations.has(key);
    if (isRevoked) socket.close(CLOSE.policy, "the key was revoked");
    else if (isOver)
      socket.close(CLOSE.policy, key === undefined ? "the token has ended" : "the key has expired");
    return isOver || isRevoked;
  }

  get #isFull(): boolean {
    const open = this.#source.sockets
      .getWebSockets()
      .filter(({ readyState }) => readyState === WebSocket.OPEN);
    return open.length >= MOST_READERS;
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

const UNCERTAIN = "it cannot be known now whether the key is still good; connect again with since=<version>";

function refuse(why: LiveRefused | Moved | Failed): Response {
  return Response.json(why, { status: 503 });
}

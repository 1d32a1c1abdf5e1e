import * as v from "valibot";
import type { Held, Message } from "./changes.ts";

/** Messages a reader may have that it has not acknowledged; after them changes wait, and become one. */
export const MOST_UNACKED = 16;
/** The same in characters: what a reader who does not read may cost in memory, or one message. */
const MOST_UNACKED_LENGTH = 65_536;
/** Longest message that a reader may send. */
const LONGEST_ACK = 1024;

/** Close codes (RFC 6455, 7.4.1, and the IANA registry). */
export const CLOSE = {
  done: 1000,
  notText: 1003,
  policy: 1008,
  tooBig: 1009,
  internal: 1011,
  tryAgain: 1013,
} as const;

/**
 * All that is known of a reader. It is attached to its socket, because memory does not outlive hibernation: less than
 * 2 kB, of the 16 that an attachment may have.
 */
export interface Reader {
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
  /** The id of the key that it was opened with; without one it was a token. */
  key?: string;
  /** When that key or token ends, ms: after that nothing is told. */
  until?: number;
}

export function readerOf(socket: WebSocket): Reader {
  const reader: Reader = socket.deserializeAttachment();
  return reader;
}

export function hasRoom({ unacked }: Reader): boolean {
  const length = unacked.reduce((sum, [, length]) => sum + length, 0);
  return unacked.length < MOST_UNACKED && length < MOST_UNACKED_LENGTH;
}

export function send(socket: WebSocket, reader: Reader, version: number, { text, held }: Message): void {
  socket.send(text);
  const unacked: Reader["unacked"] = [...reader.unacked, [version, text.length]];
  socket.serializeAttachment({ ...reader, version, held, unacked });
}

const Ack = v.strictObject({ type: v.literal("ack"), version: v.pipe(v.number(), v.safeInteger()) });

/** The version that a message acknowledges, or why its sender must go. */
export function readAck(data: string | ArrayBuffer): { version: number } | { code: number; reason: string } {
  if (typeof data !== "string") return { code: CLOSE.notText, reason: "text is expected" };
  if (data.length > LONGEST_ACK) return { code: CLOSE.tooBig, reason: "the message is too long" };
  try {
    return v.parse(Ack, JSON.parse(data));
  } catch {
    return { code: CLOSE.policy, reason: '{"type":"ack","version":n} is expected' };
  }
}

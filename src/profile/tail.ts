import { crc32 } from "node:zlib";
import type { Event } from "../events/event.ts";
import { FrameError } from "./frame.ts";
import { packEvent, unpackEvents } from "./lines.ts";

const TAIL_FORMAT = 1;
/** Format (1 byte), CRC-32 and length of the lines, 4 bytes each. */
const CHECK_BYTES = 9;
/** The stored form grows by whole pages of the disk, filled up with zeros. */
const STEP_BYTES = 4096;
/** A tail that starts anew keeps its size up to this, so that the row goes on lying where it lies. */
const MOST_KEPT_BYTES = 32_768;

const encoder = new TextEncoder();

/**
 * The newest events of a journal, whole, with the form in which they are stored: a line of JSON each. The form grows in
 * place. As long as its size stays the same SQLite overwrites the row where it lies and writes only the disk pages that
 * differ: a commit touches two or three of them, not the whole row.
 */
export class Tail {
  #events: Event[] = [];
  #bytes = new Uint8Array(STEP_BYTES);
  readonly #check = new Uint8Array(CHECK_BYTES);
  #length = 0;
  #crc = 0;

  constructor(events: readonly Event[] = []) {
    this.append(events);
  }

  get events(): readonly Event[] {
    return this.#events;
  }

  /** What is stored: the lines, and apart from them, for it changes each time, what checks them. */
  get stored(): { check: Uint8Array; bytes: Uint8Array } {
    return { check: this.#check, bytes: this.#bytes };
  }

  find(id: string): Event | undefined {
    return this.#events.find((event) => event.id === id);
  }

  append(events: readonly Event[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#write(this.#length > 0 ? `\n${packEvent(event)}` : packEvent(event));
    }
    const view = new DataView(this.#check.buffer);
    view.setUint8(0, TAIL_FORMAT);
    view.setUint32(1, this.#crc, true);
    view.setUint32(5, this.#length, true);
  }

  replace(events: readonly Event[]): void {
    this.#events = [];
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#bytes = new Uint8Array(STEP_BYTES);
    else this.#bytes.fill(0);
    this.#length = 0;
    this.#crc = 0;
    this.append(events);
  }

  #write(line: string): void {
    // A UTF-16 unit takes at most three bytes.
    const most = this.#length + 3 * line.length;
    if (most > this.#bytes.length) {
      const bytes = new Uint8Array(Math.ceil(most / STEP_BYTES) * STEP_BYTES);
      bytes.set(this.#bytes);
      this.#bytes = bytes;
    }
    const { written } = encoder.encodeInto(line, this.#bytes.subarray(this.#length));
    this.#crc = crc32(this.#bytes.subarray(this.#length, this.#length + written), this.#crc);
    this.#length += written;
  }
}

/**
 * The events of a stored tail.
 * @throws FrameError when it is damaged, for it is part of the truth; or written by newer code
 */
export function readTail(user: string, check: ArrayBuffer, bytes: ArrayBuffer): Event[] {
  if (check.byteLength !== CHECK_BYTES)
    throw new FrameError("corrupt", "the check of the stored tail is cut off");
  const view = new DataView(check);
  const version = view.getUint8(0);
  if (version !== TAIL_FORMAT) {
    throw new FrameError("future", `the stored tail has format ${version}, this code reads ${TAIL_FORMAT}`);
  }
  const length = view.getUint32(5, true);
  const lines = new Uint8Array(bytes, 0, Math.min(length, bytes.byteLength));
  if (lines.length !== length || crc32(lines) !== view.getUint32(1, true)) {
    throw new FrameError("corrupt", "the stored tail does not match its checksum");
  }
  return unpackEvents(user, lines);
}

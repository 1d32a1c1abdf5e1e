import { crc32 } from "node:zlib";

/** Why a stored blob cannot be read. */
export class FrameError extends Error {
  readonly reason: "corrupt" | "future";
  constructor(reason: "corrupt" | "future", detail: string) {
    super(detail);
    this.name = "FrameError";
    this.reason = reason;
  }
}

const HEAD_BYTES = 5;

/** A blob for storage: format version (1 byte), CRC-32 of the rest, the payload. */
export function frame(version: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + payload.length);
  bytes[0] = version;
  bytes.set(payload, HEAD_BYTES);
  new DataView(bytes.buffer).setUint32(1, crc32(payload), true);
  return bytes;
}

/**
 * The payload of a stored blob of a version up to `newest`, and which one it is.
 * @throws FrameError when the blob was damaged, or written by newer code.
 */
export function unframe(newest: number, stored: ArrayBuffer): { version: number; payload: Uint8Array } {
  const bytes = new Uint8Array(stored);
  const version = bytes[0];
  if (version === undefined || bytes.length < HEAD_BYTES)
    throw new FrameError("corrupt", "a stored blob is cut off");
  const payload = bytes.subarray(HEAD_BYTES);
  // The checksum first: a flipped version byte would otherwise pass for a future version. It does not cover that
  // byte, so a blob of an unknown version whose payload is whole was written by newer code.
  if (new DataView(stored).getUint32(1, true) !== crc32(payload)) {
    throw new FrameError("corrupt", "a stored blob does not match its checksum");
  }
  if (version < 1 || version > newest) {
    throw new FrameError("future", `a stored blob has format ${version}, this code reads up to ${newest}`);
  }
  return { version, payload };
}

/** The payload of a blob that is whole; undefined for one that is damaged. */
export function wholeOf(newest: number, stored: ArrayBuffer): Uint8Array | undefined {
  try {
    return unframe(newest, stored).payload;
  } catch (error) {
    if (error instanceof FrameError && error.reason === "corrupt") return undefined;
    throw error;
  }
}

/**
 * What stored JSON says.
 * @throws FrameError for what is none: V8's own error quotes it, and what an object throws is logged by the platform
 */
export function parseStored(text: string): ReturnType<typeof JSON.parse> {
  try {
    return JSON.parse(text);
  } catch {
    throw new FrameError("corrupt", "stored JSON is damaged");
  }
}

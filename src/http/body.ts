import { BODY_BYTES } from "../events/limits.ts";
import type { Failure, Result } from "./problems.ts";

/**
 * The text of a request's body, decompressed and read no further than `limit` bytes. What Content-Length says of a
 * compressed body does not matter: its size is that of what comes out.
 */
export async function readText(request: Request, limit = BODY_BYTES): Promise<Result<string>> {
  const encoding = (request.headers.get("Content-Encoding") ?? "identity").trim().toLowerCase();
  const plain = encoding === "identity" || encoding === "";
  if (!plain && encoding !== "gzip" && encoding !== "x-gzip") {
    return failed({ code: "content-encoding", headers: { "Accept-Encoding": "gzip" } });
  }
  const tooLarge: Failure = { code: "body-too-large", detail: `The body is larger than ${limit} bytes.` };
  // HTTP ends a body where its Content-Length says, so that what announces its length is bounded by it. What does not
  // is counted while it is read: for that the stream itself is touched, which costs more than reading it at once.
  const announced = plain ? request.headers.get("Content-Length") : null;
  // What another route would take is read all the same: who is answered while still sending may see a broken
  // connection and no answer.
  if (Number(announced) > BODY_BYTES) return failed(tooLarge);
  try {
    const bytes = announced === null ? await readStream(request, plain, limit) : await request.bytes();
    return bytes === undefined || bytes.length > limit ? failed(tooLarge) : decode(bytes);
  } catch {
    return failed({
      code: "encoding-malformed",
      detail: plain ? "The body ended early." : "The gzip stream is broken.",
    });
  }
}

async function readStream({ body }: Request, plain: boolean, limit: number): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array();
  return readBytes(plain ? body : body.pipeThrough(new DecompressionStream("gzip")), limit);
}

/** All bytes of a stream; undefined when there are more than `limit`, and the rest is not read. */
async function readBytes(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array | undefined> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return join(chunks, size);
    size += value.byteLength;
    if (size > limit) {
      // Not awaited: the client may take its time to stop, and the answer is known.
      reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
}

function join(chunks: Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Strict: a replacement character in an id would make one id of many. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function decode(bytes: Uint8Array): Result<string> {
  try {
    return { ok: true, value: utf8.decode(bytes) };
  } catch {
    return failed({ code: "text-malformed" });
  }
}

function failed(failure: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure };
}

import type { Decoder } from "../events/decoded.ts";
import { parseJson } from "../events/json.ts";
import { decodeNative } from "../events/native.ts";
import { decodeNdjson } from "../events/ndjson.ts";
import { decodeSegment } from "../events/segment.ts";
import type { Call } from "../events/segment-call.ts";
import { callTexts } from "../events/segment-text.ts";

/** A way to write events in a body. */
export interface Format {
  name: string;
  decode: Decoder;
  /**
   * The texts of the items at these positions of a body that was decoded. Only asked for when something failed, so it
   * may go through the body again.
   */
  textsOf: (body: string, indices: readonly number[]) => string[];
  /** A body that holds one item: decoding it decides the item as the body that it came in did. */
  bodyOf: (text: string) => string;
}

const native: Format = {
  name: "native",
  decode: decodeNative,
  textsOf: (body, indices) => {
    const parsed = parseJson(body);
    if (!parsed.ok || !Array.isArray(parsed.value)) return indices.map(() => body);
    const { edges } = parsed;
    return indices.map((i) => body.slice(edges[i], (edges[i + 1] ?? body.length) - 1).trim());
  },
  bodyOf: (text) => `[${text}]`,
};

const ndjson: Format = {
  name: "ndjson",
  decode: decodeNdjson,
  textsOf: (body, indices) => {
    const lines = body.split("\n").filter((line) => line.trim() !== "");
    return indices.map((i) => (lines[i] ?? "").trim());
  },
  bodyOf: (text) => text,
};

/** Calls as Segment's clients send them: one of that kind, or a batch. What is kept of either is an item of a batch. */
export function segmentFormat(call?: Call): Format {
  return {
    name: "segment",
    decode: (text, receivedAt) => decodeSegment(text, receivedAt, call),
    textsOf: (body, indices) => callTexts(body, indices, call),
    bodyOf: (text) => `{"batch":[${text}]}`,
  };
}

/** The format of a media type; undefined for one that holds no events. */
export function formatOf(type: string | undefined): Format | undefined {
  switch (type) {
    case "application/json":
    case "text/plain": // what navigator.sendBeacon and a fetch without preflight can send
      return native;
    case "application/x-ndjson":
    case "application/ndjson":
    case "application/jsonl":
      return ndjson;
    default:
      return undefined;
  }
}

/** The format of that name, as it is kept with a failure. */
export function formatNamed(name: string): Format | undefined {
  return [native, ndjson, segmentFormat()].find((format) => format.name === name);
}

import { bindHeaders, isBinaryMode } from "../events/cloudevent-headers.ts";
import { decodeCloudEvent, decodeCloudEventBatch } from "../events/cloudevents.ts";
import type { Decoder } from "../events/decoded.ts";
import { parseJson } from "../events/json.ts";
import { decodeNative } from "../events/native.ts";
import { decodeNdjson } from "../events/ndjson.ts";
import { decodeSegment, KEPT_DEPTH } from "../events/segment.ts";
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
  textsOf: elementsOf,
  bodyOf: alone,
};

/** An object as it is: in an array it would nest one level deeper, and might then be too deep for another reason. */
function alone(text: string): string {
  return text.startsWith("{") ? text : `[${text}]`;
}

/** The texts of elements of a JSON array; of any other JSON, the whole. */
function elementsOf(body: string, indices: readonly number[]): string[] {
  const parsed = parseJson(body);
  if (!parsed.ok || !Array.isArray(parsed.value)) return indices.map(() => body.trim());
  const { edges } = parsed;
  return indices.map((i) => body.slice(edges[i], (edges[i + 1] ?? body.length) - 1).trim());
}

const ndjson: Format = {
  name: "ndjson",
  decode: decodeNdjson,
  textsOf: (body, indices) => {
    const lines = body.split("\n").filter((line) => line.trim() !== "");
    // Not trimmed: what JSON does not take for white space belongs to the line, and is why it may be no JSON.
    return indices.map((i) => (lines[i] ?? "").replace(/\r$/, ""));
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

/** What is kept of calls. */
const keptCall: Format = {
  ...segmentFormat(),
  decode: (text, receivedAt) => decodeSegment(text, receivedAt, undefined, KEPT_DEPTH),
};

/** A CloudEvent in structured mode; what is kept of the other modes is this, too. */
const cloudEvent: Format = {
  name: "cloudevents",
  decode: decodeCloudEvent,
  textsOf: (body, indices) => indices.map(() => body.trim()),
  bodyOf: alone,
};

/** What is kept: an item of a batch that is no object came in an array, and only there is it an item. */
const keptCloudEvent: Format = {
  ...cloudEvent,
  decode: (body, receivedAt) =>
    body.startsWith("[") ? decodeCloudEventBatch(body, receivedAt) : decodeCloudEvent(body, receivedAt),
};

const cloudEventBatch: Format = { ...cloudEvent, decode: decodeCloudEventBatch, textsOf: elementsOf };

/** A CloudEvent in binary mode: its attributes are in the headers, and the body is its data. */
function binaryCloudEvent(headers: Headers): Format {
  return {
    ...cloudEvent,
    decode: (body, receivedAt) => {
      const bound = bindHeaders(headers, body);
      return bound.ok ? decodeCloudEvent(bound.text, receivedAt) : bound;
    },
    textsOf: (body, indices) => {
      const bound = bindHeaders(headers, body);
      return indices.map(() => (bound.ok ? bound.text : body));
    },
  };
}

/** The format of a request whose content is of that media type; undefined when it holds no events. */
export function formatIn(headers: Headers, type: string | undefined): Format | undefined {
  // What names itself a CloudEvent is in no other mode, whatever its headers say.
  const isNamed = type?.startsWith("application/cloudevents") ?? false;
  return !isNamed && isBinaryMode(headers) ? binaryCloudEvent(headers) : formatOf(type);
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
    case "application/cloudevents-batch+json":
      return cloudEventBatch;
    case "application/cloudevents+json":
      return cloudEvent;
    default:
      return undefined;
  }
}

/** The format of that name, as it is kept with a failure. */
export function formatNamed(name: string): Format | undefined {
  return [native, ndjson, keptCloudEvent, keptCall].find((format) => format.name === name);
}

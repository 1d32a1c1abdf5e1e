import { Hono } from "hono";
import type { Decoder } from "../events/decoded.ts";
import { decodeNative } from "../events/native.ts";
import { decodeNdjson } from "../events/ndjson.ts";
import { readText } from "./body.ts";
import type { App } from "./context.ts";
import { type Delivery, deliver } from "./deliver.ts";
import { mediaType } from "./media.ts";
import { problem } from "./problems.ts";

/** `POST /v1/events`: one event or many, of one user or many; a receipt for each. */
export const events = new Hono<App>().post("/v1/events", async (c) => {
  const receivedAt = Date.now();
  const decode = decoderOf(mediaType(c.req.header("Content-Type")));
  if (decode === undefined) {
    return problem(c, {
      code: "media-type",
      headers: { "Accept-Post": "application/json, application/x-ndjson" },
    });
  }
  const body = await readText(c.req.raw);
  if (!body.ok) return problem(c, body.failure);
  const decoded = decode(body.value, receivedAt);
  if (!decoded.ok) return problem(c, decoded);
  const delivered = await deliver(c, decoded.items);
  if (!delivered.ok) return problem(c, delivered.failure);

  const receipts = delivered.value;
  if (receipts.every(({ status }) => status === "retry"))
    return c.json({ receipts }, 503, { "Retry-After": "1" });
  return c.json({ receipts }, receipts.every(isSettled) ? 200 : 207);
});

function decoderOf(type: string | undefined): Decoder | undefined {
  switch (type) {
    case "application/json":
    case "text/plain": // what navigator.sendBeacon and a fetch without preflight can send
      return decodeNative;
    case "application/x-ndjson":
    case "application/ndjson":
    case "application/jsonl":
      return decodeNdjson;
    default:
      return undefined;
  }
}

function isSettled({ status }: Delivery): boolean {
  return status === "applied" || status === "duplicate";
}

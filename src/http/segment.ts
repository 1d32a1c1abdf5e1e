import { Hono } from "hono";
import { SEGMENT_BODY_BYTES } from "../events/limits.ts";
import { writeKeyIn } from "../events/segment.ts";
import { CALLS } from "../events/segment-call.ts";
import { answer } from "./answer.ts";
import { openWith } from "./auth.ts";
import { readText } from "./body.ts";
import type { App, Context } from "./context.ts";
import { allRejected, uncertain } from "./deliver.ts";
import { type Format, segmentFormat } from "./formats.ts";
import { refuse, takeIn } from "./intake.ts";
import { mediaType } from "./media.ts";
import { problem } from "./problems.ts";

/**
 * What Segment's and RudderStack's clients speak: `POST /v1/track` and its like for one call, `POST /v1/batch` for many;
 * and by their first letters, which is what the browser client uses.
 */
export const segment = new Hono<App>();

for (const call of [...CALLS, undefined]) {
  const name = call ?? "batch";
  const format = segmentFormat(call);
  for (const path of [`/v1/${name}`, `/v1/${name.charAt(0)}`]) {
    segment.post(path, (c) => receive(c, `POST ${path}`, format));
  }
}

/**
 * `GET /v1/projects/:writeKey/settings`: what the browser client asks its `cdnURL` for before it sends anything: with it
 * set to this host, nothing else needs to be. No destinations, no metrics.
 */
segment.get("/v1/projects/:writeKey/settings", async (c) => {
  const writeKey = c.req.param("writeKey");
  const isOpen = c.get("key") !== undefined;
  const denied = await openWith(c, writeKey);
  if (denied !== undefined) return problem(c, denied);
  if (!isOpen && c.get("key") === "secret") return problem(c, { code: "key-scope", detail: SECRET_IN_PAGE });
  const { host, protocol } = new URL(c.req.url);
  const settings = {
    integrations: {
      "Segment.io": { apiKey: writeKey, apiHost: `${host}/v1`, protocol: protocol.slice(0, -1) },
    },
    metrics: { sampleRate: 0 },
  };
  return answer(c, settings, 200, { "Cache-Control": "private, max-age=60" });
});

/**
 * Takes in a body. The answer is one that every client understands: 200 when all is decided, never 207, which some take
 * for a failure; a problem that they send the whole body again for when any of it is uncertain, which its ids make
 * harmless; and one that they drop it for only when nothing in it can be taken. The receipts tell of each event.
 */
async function receive(c: Context, route: string, format: Format): Promise<Response> {
  const at = Date.now();
  const body = await readText(c.req.raw, SEGMENT_BODY_BYTES);
  const inBody = c.get("key") === undefined && body.ok ? writeKeyIn(body.value) : undefined;
  const denied = await openWith(c, inBody);
  if (denied !== undefined) return problem(c, denied);

  if (!isTaken(c.req.header("Content-Type"))) {
    return refuse(c, { code: "media-type", headers: { "Accept-Post": "application/json, text/plain" } }, at);
  }
  if (!body.ok) return refuse(c, body.failure, at);
  const taken = await takeIn(c, { route, format, text: body.value, at });
  if (!taken.ok) return refuse(c, taken.failure, at);

  const receipts = taken.value;
  const code = uncertain(receipts);
  if (code !== undefined) return problem(c, { code, detail: RETRY }, { receipts });
  const rejected = allRejected(receipts);
  if (rejected !== undefined) return problem(c, rejected, { receipts });
  return answer(c, { success: true, receipts });
}

/** A type that JSON is sent under: also none, which is a beacon's, and a form's, which is what axios and curl make of it. */
function isTaken(header: string | undefined): boolean {
  switch (header === undefined ? undefined : mediaType(header)) {
    case "application/json":
    case "text/plain":
    case "application/x-www-form-urlencoded":
      return true;
    default:
      return header === undefined;
  }
}

const SECRET_IN_PAGE = "A secret key may not stand in a page, nor in a URL: give the client a write key.";
const RETRY = "Some of the events are not decided: send the body again, their ids make that harmless.";

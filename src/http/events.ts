import { Hono } from "hono";
import { answer } from "./answer.ts";
import { readText } from "./body.ts";
import type { App } from "./context.ts";
import { allRejected, type Delivery, undecided } from "./deliver.ts";
import { formatIn } from "./formats.ts";
import { refuse, takeIn } from "./intake.ts";
import { mediaType } from "./media.ts";
import { problem } from "./problems.ts";

const ROUTE = "/v1/events";

const ACCEPTED =
  "application/json, application/x-ndjson, application/cloudevents+json, application/cloudevents-batch+json";

/** `POST /v1/events`: one event or many, of one user or many; a receipt for each. */
export const events = new Hono<App>().post(ROUTE, async (c) => {
  const at = Date.now();
  const format = formatIn(c.req.raw.headers, mediaType(c.req.header("Content-Type")));
  if (format === undefined)
    return refuse(c, { code: "media-type", headers: { "Accept-Post": ACCEPTED } }, at);
  const body = await readText(c.req.raw);
  if (!body.ok) return refuse(c, body.failure, at);
  const taken = await takeIn(c, { route: `POST ${ROUTE}`, format, text: body.value, at });
  if (!taken.ok) return refuse(c, taken.failure, at);

  const receipts = taken.value;
  if (receipts.every(isSettled)) return answer(c, { receipts });
  const code = undecided(receipts);
  if (code !== undefined) return problem(c, { code }, { receipts });
  const rejected = allRejected(receipts);
  return rejected === undefined ? answer(c, { receipts }, 207) : problem(c, rejected, { receipts });
});

function isSettled({ status }: Delivery): boolean {
  return status === "applied" || status === "duplicate";
}

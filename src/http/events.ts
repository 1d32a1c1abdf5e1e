import { Hono } from "hono";
import { account, countRefused } from "./account.ts";
import { answer } from "./answer.ts";
import { readText } from "./body.ts";
import type { App } from "./context.ts";
import { type Delivery, deliver, undecided } from "./deliver.ts";
import { formatIn } from "./formats.ts";
import { joinAll, linksOf, refuseLinks } from "./join.ts";
import { mediaType } from "./media.ts";
import { type Failure, problem } from "./problems.ts";

const ROUTE = "/v1/events";

const ACCEPTED =
  "application/json, application/x-ndjson, application/cloudevents+json, application/cloudevents-batch+json";

/** `POST /v1/events`: one event or many, of one user or many; a receipt for each. */
export const events = new Hono<App>().post(ROUTE, async (c) => {
  const at = Date.now();
  const refuse = (failure: Failure) => {
    countRefused(c, failure.code, at);
    return problem(c, failure);
  };
  const format = formatIn(c.req.raw.headers, mediaType(c.req.header("Content-Type")));
  if (format === undefined) {
    return refuse({
      code: "media-type",
      headers: { "Accept-Post": ACCEPTED },
    });
  }
  const body = await readText(c.req.raw);
  if (!body.ok) return refuse(body.failure);
  const decoded = format.decode(body.value, at);
  if (!decoded.ok) return refuse(decoded);
  const links = linksOf(decoded.items);
  const refused = refuseLinks(links);
  if (refused !== undefined) return refuse(refused);
  const delivered = await deliver(c, decoded.items);
  if (!delivered.ok) return refuse(delivered.failure);

  const receipts = delivered.value;
  if (links.length > 0) await joinAll(c, links, receipts);
  await account(c, receipts, { route: `POST ${ROUTE}`, format, text: body.value, at });
  const code = undecided(receipts);
  if (code !== undefined) return problem(c, { code }, { receipts });
  const [first] = receipts;
  if (first?.status === "rejected" && receipts.every(({ status }) => status === "rejected")) {
    return problem(c, { code: "events-rejected", detail: first.detail }, { receipts });
  }
  return answer(c, { receipts }, receipts.every(isSettled) ? 200 : 207);
});

function isSettled({ status }: Delivery): boolean {
  return status === "applied" || status === "duplicate";
}

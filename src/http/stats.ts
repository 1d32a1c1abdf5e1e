import { Hono } from "hono";
import { summarize } from "../failures/summary.ts";
import { flush } from "./account.ts";
import { answer } from "./answer.ts";
import type { App } from "./context.ts";
import { problem } from "./problems.ts";
import { askShards } from "./shards.ts";

/**
 * `GET /v1/stats`: what became of everything that was received, since counting began.
 *
 * An isolate counts in memory and writes within a second, failures and their counts at once. So an answer may lack the
 * last second of other isolates, and an isolate that dies takes at most the second that it had not written with it
 * (more only while no shard can be reached): whole counts of events, never one side of the sum without the other. The
 * events themselves are not touched by that: each is as durable as its receipt says. When the answer to a write is lost
 * four times over, its counts may be added twice.
 */
export const stats = new Hono<App>().get("/v1/stats", async (c) => {
  await flush(c);
  const asked = await askShards(c, (rpc) => rpc.stats());
  if (!asked.ok) return problem(c, asked.failure);
  return answer(c, summarize(asked.value), 200, { "Cache-Control": "no-store" });
});

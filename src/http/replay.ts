import { Hono } from "hono";
import * as v from "valibot";
import { reject, type Validated } from "../events/validate.ts";
import { type Retried, SHARDS } from "../failures/contract.ts";
import { countReplayed } from "./account.ts";
import { answer } from "./answer.ts";
import type { App, Context } from "./context.ts";
import { type Delivery, deliver } from "./deliver.ts";
import {
  FAILURES_PER_PAGE,
  FailuresCursor,
  FailuresStatus,
  failureId,
  type Listed,
  listFailures,
} from "./failures.ts";
import { formatNamed } from "./formats.ts";
import { joinAll, linksOf } from "./join.ts";
import { readJson } from "./json-body.ts";
import { problem, type Result } from "./problems.ts";
import { BodyTime } from "./query.ts";
import { askShards } from "./shards.ts";

const IDS = `1 to ${FAILURES_PER_PAGE} ids of failures are expected`;
const ID = /^([0-9])-([1-9][0-9]{0,14})$/;
const TEXT = "a string is expected";
const LIMIT = `a whole number from 1 to ${FAILURES_PER_PAGE} is expected`;

const Ids = v.strictObject({
  ids: v.pipe(
    v.array(v.pipe(v.string(IDS), v.regex(ID, IDS)), IDS),
    v.minLength(1, IDS),
    v.maxLength(FAILURES_PER_PAGE, IDS),
  ),
});

const Filter = v.strictObject({
  filter: v.strictObject(
    {
      status: v.optional(FailuresStatus),
      code: v.optional(v.string(TEXT)),
      user: v.optional(v.string(TEXT)),
      from: v.optional(BodyTime),
      to: v.optional(BodyTime),
    },
    "an object with some of status, code, user, from and to is expected",
  ),
  limit: v.optional(
    v.pipe(v.number(LIMIT), v.integer(LIMIT), v.minValue(1, LIMIT), v.maxValue(FAILURES_PER_PAGE, LIMIT)),
    FAILURES_PER_PAGE,
  ),
  cursor: v.optional(FailuresCursor),
});

export const ReplayRequest = v.union(
  [Ids, Filter],
  "an object with either ids, or filter, limit and cursor, is expected",
);

/**
 * `POST /v1/failures/replay`: sends kept failures through the decoder and to their profiles again, once what they
 * failed for is mended: a limit, a definition, the retention, a clock. What is then in a profile, or may not be, is
 * kept no longer; the others stay, with the reason of now.
 */
export const replay = new Hono<App>().post("/v1/failures/replay", async (c) => {
  const body = await readJson(c, ReplayRequest);
  if (!body.ok) return problem(c, body.failure);
  const chosen =
    "ids" in body.value
      ? await findFailures(c, body.value.ids)
      : await listFailures(c, body.value.filter, body.value.limit, body.value.cursor);
  if (!chosen.ok) return problem(c, chosen.failure);
  const { listed, next } = chosen.value;

  const now = Date.now();
  const items = listed.map((failure, i) => decideAgain(failure, i, now));
  const delivered = await deliver(c, items);
  if (!delivered.ok) return problem(c, delivered.failure);
  await joinAll(c, linksOf(items), delivered.value);
  countReplayed(c, delivered.value, now);
  const settled = await settle(c, listed, delivered.value);
  if (!settled.ok) return problem(c, settled.failure);
  const receipts = delivered.value.map(({ index, ...receipt }) => {
    const failure = listed[index];
    return { failure: failure === undefined ? undefined : failureId(failure), ...receipt };
  });
  return answer(c, { receipts, cursor: { next, has_more: next !== null } }, 200, {
    "Cache-Control": "no-store",
  });
});

/** Those of these ids that are kept still. */
async function findFailures(
  c: Context,
  ids: readonly string[],
): Promise<Result<{ listed: Listed[]; next: null }>> {
  const bySeq = new Map<number, number[]>();
  for (const id of ids) {
    const [, shard, seq] = ID.exec(id) ?? [];
    if (Number(shard) < SHARDS) bySeq.set(Number(shard), [...(bySeq.get(Number(shard)) ?? []), Number(seq)]);
  }
  const asked = await askShards(
    c,
    async (rpc, shard) => (await rpc.find(bySeq.get(shard) ?? [])).map((found) => ({ ...found, shard })),
    bySeq.keys(),
  );
  return asked.ok ? { ok: true, value: { listed: asked.value.flat(), next: null } } : asked;
}

/**
 * Decides a kept item anew. What only the clock forbade is allowed by now; an event without a time of its own keeps the
 * one that it came at. What was too large to be kept whole stays what it was.
 */
function decideAgain(failure: Listed, index: number, now: number): Validated {
  const { text, receivedAt, eventId, code, pointer, detail } = failure;
  const format = formatNamed(failure.format);
  if (failure.truncated || format === undefined) {
    const id = eventId === undefined ? {} : { id: eventId };
    return { ok: false, rejection: { index, ...id, code, pointer, detail } };
  }
  const decide = (at: number): Validated => {
    const decoded = format.decode(format.bodyOf(text), at);
    if (!decoded.ok) return reject(null, index, { ...decoded, pointer: "" });
    const [item] = decoded.items;
    if (item === undefined) throw new Error(`a kept text holds one item, found ${decoded.items.length}`);
    return item.ok ? item : { ok: false, rejection: { ...item.rejection, index } };
  };
  const first = decide(receivedAt);
  return first.ok ? first : decide(now);
}

/** Drops what is settled, and notes why the others are not. */
async function settle(
  c: Context,
  listed: readonly Listed[],
  deliveries: readonly Delivery[],
): Promise<Result<unknown>> {
  const shards = new Map<number, { settled: number[]; failed: Retried[] }>();
  for (const delivery of deliveries) {
    const failure = listed[delivery.index];
    if (failure === undefined) continue;
    const { shard, seq } = failure;
    const outcome = shards.get(shard) ?? { settled: [], failed: [] };
    shards.set(shard, outcome);
    switch (delivery.status) {
      case "applied":
      case "duplicate":
      // The user's data may not be processed: it may not lie here either.
      case "suppressed":
        outcome.settled.push(seq);
        break;
      case "retry":
        outcome.failed.push({ seq });
        break;
      default: {
        const { status, code, detail } = delivery;
        const pointer = status === "rejected" ? delivery.pointer : "";
        outcome.failed.push({ seq, reason: { status, code, pointer, detail } });
      }
    }
  }
  return askShards(
    c,
    async (rpc, shard) => {
      const { settled, failed } = shards.get(shard) ?? { settled: [], failed: [] };
      await rpc.settle(settled, failed);
    },
    shards.keys(),
  );
}

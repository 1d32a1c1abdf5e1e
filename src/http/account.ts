import { waitUntil } from "cloudflare:workers";
import { EVENTS_PER_REQUEST } from "../events/limits.ts";
import { Allowance } from "../failures/allowance.ts";
import { type NewFailure, SHARDS } from "../failures/contract.ts";
import { keptText, userOf } from "../failures/entry.ts";
import { failuresAgeMs } from "../failures/retention.ts";
import { Tally } from "../failures/tally.ts";
import { attempt } from "./attempt.ts";
import type { Context } from "./context.ts";
import type { Delivery } from "./deliver.ts";
import type { Format } from "./formats.ts";
import { logCode } from "./log.ts";
import { failuresShard } from "./shards.ts";

/** A body that events came in. */
export interface Received {
  route: string;
  format: Format;
  text: string;
  /** ms. */
  at: number;
}

/** How long counts stay in memory at most, in ms: so much is lost when an isolate dies. */
const FLUSH_MS = 1_000;

/** Failures an isolate keeps: a whole bad request, and then that many a second. The others are counted only. */
const KEPT_PER_SECOND = 10;

const tally = new Tally();
const allowance = new Allowance(EVENTS_PER_REQUEST, KEPT_PER_SECOND);

/** When the counts in memory are to be flushed, or were, in ms. */
let flushAt = 0;

/**
 * Counts what became of each item and keeps those that failed, before the answer goes out. The answer does not depend
 * on it: it tells of the failure itself, and what could not be kept is counted.
 *
 * An event that did not fail costs additions in memory, no call, and no promise.
 */
export function account(
  c: Context,
  deliveries: readonly Delivery[],
  received: Received,
): Promise<void> | undefined {
  const failed: Failed[] = [];
  for (const delivery of deliveries) {
    const { status } = delivery;
    if (status === "applied") tally.add(status);
    else if (status === "duplicate") tally.add(delivery.conflict ? "duplicate/conflict" : status);
    else tally.add(`${status}/${delivery.code}`);
    if (delivery.status === "rejected" || delivery.status === "late") failed.push(delivery);
  }
  if (failed.length === 0) {
    flushLater(c, received.at);
    return undefined;
  }

  const wanted = failuresAgeMs(c.env) === 0 ? 0 : failed.length;
  const granted = allowance.take(wanted, received.at);
  if (granted < failed.length) tally.add("failuresNotKept", failed.length - granted);
  if (granted === 0) {
    flushLater(c, received.at);
    return undefined;
  }
  return flush(c, toFailures(c, failed.slice(0, granted), received));
}

/** Counts a body that was refused whole. */
export function countRefused(c: Context, code: string, now: number): void {
  tally.add(`refused/${code}`);
  flushLater(c, now);
}

/** Counts what became of failures that were replayed: apart, for they were received before. */
export function countReplayed(c: Context, deliveries: readonly Delivery[], now: number): void {
  for (const { status } of deliveries) tally.add(`replayed/${status}`);
  flushLater(c, now);
}

/** Sends failures, and the counts so far, to a shard. What it does not take stays counted here. */
export async function flush(c: Context, failures: NewFailure[] = []): Promise<void> {
  const counts = tally.take();
  if (counts.length === 0 && failures.length === 0) return;
  const batch = crypto.randomUUID();
  const shard = Math.floor(Math.random() * SHARDS);
  const kept = await attempt(() => failuresShard(c.env, shard).keep(batch, failures, counts));
  if (kept.ok) return;
  tally.putBack(counts);
  if (failures.length > 0) tally.add("failuresNotKept", failures.length);
  logCode(c, failures.length > 0 ? "failures-not-kept" : "counts-not-kept");
}

/** Flushes once a second, as long as there is something to flush. */
function flushLater(c: Context, now: number): void {
  // A clock that was set back must not keep the next flush waiting for the time before.
  if (now < flushAt && now >= flushAt - FLUSH_MS) return;
  flushAt = now + FLUSH_MS;
  waitUntil(new Promise((resolve) => setTimeout(resolve, FLUSH_MS)).then(() => flush(c)));
}

type Failed = Extract<Delivery, { status: NewFailure["status"] }>;

function toFailures(c: Context, failed: readonly Failed[], received: Received): NewFailure[] {
  const texts = received.format.textsOf(
    received.text,
    failed.map(({ index }) => index),
  );
  return failed.map((delivery, i): NewFailure => {
    const { status, code, detail, id } = delivery;
    const text = texts[i] ?? "";
    const user = userOf(text);
    return {
      status,
      code,
      pointer: delivery.status === "rejected" ? delivery.pointer : "",
      detail,
      receivedAt: received.at,
      route: received.route,
      key: c.get("key") ?? "write",
      format: received.format.name,
      ...keptText(text),
      ...(id === undefined ? {} : { eventId: id }),
      ...(user === undefined ? {} : { user }),
    };
  });
}

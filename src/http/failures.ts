import { Buffer } from "node:buffer";
import { Hono } from "hono";
import * as v from "valibot";
import { parseJson } from "../events/json.ts";
import { type FailuresQuery, type KeptFailure, SHARDS } from "../failures/contract.ts";
import { answer } from "./answer.ts";
import type { App, Context } from "./context.ts";
import { problem, type Result } from "./problems.ts";
import { readQuery, Time, whole } from "./query.ts";
import { askShards } from "./shards.ts";

/** Most failures of a page, and of a replay: with the largest texts a few megabytes. */
export const FAILURES_PER_PAGE = 100;

/** Of each shard, the number that the next page goes on below. */
type Cursor = number[];

const Positions = v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))), v.length(SHARDS));

const CURSOR = "the cursor.next of the page before is expected";
export const FailuresCursor = v.pipe(
  v.string(CURSOR),
  v.transform(decodeCursor),
  v.custom<Cursor>((value) => value !== undefined, CURSOR),
);

const STATUS = "rejected or late is expected";
export const FailuresStatus = v.picklist(["rejected", "late"], STATUS);

export const FailuresRequest = v.strictObject({
  limit: v.optional(whole(1, FAILURES_PER_PAGE), "50"),
  cursor: v.optional(FailuresCursor),
  status: v.optional(FailuresStatus),
  code: v.optional(v.string()),
  user: v.optional(v.string()),
  from: v.optional(Time),
  to: v.optional(Time),
});

export const FailuresDeletion = v.strictObject({ user: v.optional(v.string()) });

/** The kept failures; `replay.ts` tries them again. */
export const failures = new Hono<App>();

/** `GET /v1/failures`: what was rejected or late, and why, newest first, a page at a time. */
failures.get("/v1/failures", async (c) => {
  const query = readQuery(c, FailuresRequest);
  if (!query.ok) return problem(c, query.failure);
  const { limit, cursor, ...filter } = query.value;
  const page = await listFailures(c, filter, limit, cursor);
  if (!page.ok) return problem(c, page.failure);
  const { listed, next } = page.value;
  return answer(c, { data: listed.map(present), cursor: { next, has_more: next !== null } }, 200, {
    "Cache-Control": "no-store",
  });
});

/** `DELETE /v1/failures`: all that is kept, or what is kept of one `user`. What was counted stays counted. */
failures.delete("/v1/failures", async (c) => {
  const query = readQuery(c, FailuresDeletion);
  if (!query.ok) return problem(c, query.failure);
  const { user } = query.value;
  const asked = await askShards(c, (rpc) => (user === undefined ? rpc.remove() : rpc.remove(user)));
  if (!asked.ok) return problem(c, asked.failure);
  return answer(c, { deleted: asked.value.reduce((sum, count) => sum + count, 0) });
});

export interface Listed extends KeptFailure {
  shard: number;
}

/** What a listing can be narrowed to, as a schema yields it. */
export type Filter = {
  [K in Exclude<keyof FailuresQuery, "limit" | "before">]?: FailuresQuery[K] | undefined;
};

/** A page of the failures of all shards, by the time they came. */
export async function listFailures(
  c: Context,
  filter: Filter,
  limit: number,
  cursor: Cursor | undefined,
): Promise<Result<{ listed: Listed[]; next: string | null }>> {
  const { status, code, user, from, to } = filter;
  const query: FailuresQuery = {
    // One more tells whether there is more.
    limit: limit + 1,
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    ...(user === undefined ? {} : { user }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const asked = await askShards(c, async (rpc, shard) => {
    const before = cursor?.[shard];
    const found = await rpc.list(before === undefined ? query : { ...query, before });
    return found.map((failure): Listed => ({ ...failure, shard }));
  });
  if (!asked.ok) return asked;

  const listed = takeNewest(asked.value, limit);
  const found = asked.value.reduce((sum, { length }) => sum + length, 0);
  if (found <= limit) return { ok: true, value: { listed, next: null } };
  const next = Array.from({ length: SHARDS }, (_, shard) => {
    const last = listed.findLast((failure) => failure.shard === shard);
    return last?.seq ?? cursor?.[shard] ?? Number.MAX_SAFE_INTEGER;
  });
  return { ok: true, value: { listed, next: Buffer.from(JSON.stringify(next)).toString("base64url") } };
}

/** Merges lists, each newest first, and keeps the order within each: a cursor is a position in it. */
function takeNewest(lists: readonly Listed[][], limit: number): Listed[] {
  const at = lists.map(() => 0);
  const taken: Listed[] = [];
  while (taken.length < limit) {
    let newest: Listed | undefined;
    lists.forEach((list, i) => {
      const head = list[at[i] ?? 0];
      if (head !== undefined && (newest === undefined || head.receivedAt > newest.receivedAt)) newest = head;
    });
    if (newest === undefined) break;
    taken.push(newest);
    at[newest.shard] = (at[newest.shard] ?? 0) + 1;
  }
  return taken;
}

function decodeCursor(cursor: string): Cursor | undefined {
  try {
    const parsed = v.safeParse(Positions, JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** The id of a failure, by which it can be replayed. */
export function failureId({ shard, seq }: Listed): string {
  return `${shard}-${seq}`;
}

function present(failure: Listed) {
  const { status, code, pointer, detail, receivedAt, route, key, format, attempts, user, eventId } = failure;
  const parsed = failure.truncated ? undefined : parseJson(failure.text);
  return {
    id: failureId(failure),
    status,
    code,
    pointer,
    detail,
    receivedAt: new Date(receivedAt).toISOString(),
    source: { route, key, format },
    eventId,
    user,
    attempts,
    truncated: failure.truncated,
    // What is no JSON, or no longer, is text.
    ...(parsed?.ok ? { event: parsed.value } : { text: failure.text }),
  };
}

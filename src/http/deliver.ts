import type { Event } from "../events/event.ts";
import { USERS_PER_REQUEST } from "../events/limits.ts";
import type { Validated } from "../events/validate.ts";
import type { Ingested, Receipt } from "../profile/contract.ts";
import { packLines } from "../profile/lines.ts";
import type { Context } from "./context.ts";
import { ask } from "./objects.ts";
import type { Failure, ProblemCode, Result } from "./problems.ts";

/**
 * What became of the item at `index`; with the profile's version when the event is in it, and with the profile that was
 * `merged` into it on the event's word.
 */
export type Delivery = { index: number; version?: number; merged?: string } & Receipt;

/**
 * The problem of a request whose events are all to be sent again: its status tells clients that only look at that
 * to do so. Undefined when some event was decided.
 */
export function undecided(deliveries: readonly Delivery[]): ProblemCode | undefined {
  const codes = new Set<string>();
  for (const delivery of deliveries) {
    if (delivery.status !== "retry") return undefined;
    codes.add(delivery.code);
  }
  // Of what does not pass by itself a client should not be told to come back in a second.
  const [code] = codes;
  const lasts = codes.size === 1 && (code === "state-corrupt" || code === "state-newer");
  return lasts ? code : uncertain(deliveries);
}

/** The problem of a request of whose events some are to be sent again; undefined when all were decided. */
export function uncertain(deliveries: readonly Delivery[]): ProblemCode | undefined {
  const codes = new Set<string>();
  for (const delivery of deliveries) {
    if (delivery.status === "retry") codes.add(delivery.code);
  }
  if (codes.size === 0) return undefined;
  const [code] = codes;
  if (codes.size > 1) return "unavailable";
  switch (code) {
    case "too-busy":
    case "rate-limited":
    case "storage-full":
    case "overloaded":
    case "merging":
      return code;
    default:
      return "unavailable";
  }
}

/** The problem of a request of which no event can be taken, told by the first; undefined when one is. */
export function allRejected(deliveries: readonly Delivery[]): Failure | undefined {
  const [first] = deliveries;
  const isRejected = deliveries.every(({ status }) => status === "rejected");
  return isRejected && first?.status === "rejected"
    ? { code: "events-rejected", detail: first.detail }
    : undefined;
}

interface Group {
  events: Event[];
  /** Of each event, the index of its item. */
  indices: number[];
}

/**
 * Hands each user's events, in the order given, to that user's object: one call each, all at once. Answers a
 * delivery per item, in order. An object that fails costs its own events a `retry`, nothing else.
 */
export async function deliver(c: Context, items: Validated[]): Promise<Result<Delivery[]>> {
  const groups = groupByUser(items);
  if (groups.size > USERS_PER_REQUEST) {
    const detail = `The body holds events of ${groups.size} users, more than ${USERS_PER_REQUEST}.`;
    return { ok: false, failure: { code: "too-many-users", detail } };
  }
  const deliveries = new Array<Delivery>(items.length);
  items.forEach((item, index) => {
    if (!item.ok) deliveries[index] = { status: "rejected", ...item.rejection };
  });
  const asked: Promise<void>[] = [];
  for (const [user, group] of groups) asked.push(ingest(c, user, group, deliveries));
  // One is the usual, and a promise of all is one more to wait for.
  await (asked.length === 1 ? asked[0] : Promise.all(asked));
  return { ok: true, value: deliveries };
}

function groupByUser(items: Validated[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  items.forEach((item, index) => {
    if (!item.ok) return;
    const { user } = item.event;
    let group = groups.get(user);
    if (group === undefined) {
      group = { events: [], indices: [] };
      groups.set(user, group);
    }
    group.events.push(item.event);
    group.indices.push(index);
  });
  return groups;
}

/** Asks the object of one user, and puts what became of its events in their places. */
async function ingest(
  c: Context,
  user: string,
  { events, indices }: Group,
  deliveries: Delivery[],
): Promise<void> {
  const lines = packLines(events);
  const asked = await ask(c, user, (profile, at) =>
    at === user ? profile.ingest(user, lines) : profile.ingest(at, lines, user),
  );
  for (let i = 0; i < events.length; i++) {
    const index = indices[i] ?? 0;
    deliveries[index] = deliveryOf(asked, events[i]?.id ?? "", i, index);
  }
}

/** What became of the event that is the `i`-th of its user's, and of the whole the one at `index`. */
function deliveryOf(asked: Result<number | Ingested>, id: string, i: number, index: number): Delivery {
  if (!asked.ok) return { index, id, status: "retry", code: asked.failure.code, detail: RETRY };
  const ingested = asked.value;
  if (typeof ingested === "number") return { index, id, status: "applied", version: ingested };
  const receipt = ingested.receipts[i];
  if (receipt === undefined) return { index, id, status: "retry", code: "unavailable", detail: RETRY };
  const isIn = receipt.status === "applied" || receipt.status === "duplicate";
  return isIn ? { index, ...receipt, version: ingested.version } : { index, ...receipt };
}

const RETRY = "The profile could not take the event now: send it again, its id makes that harmless.";

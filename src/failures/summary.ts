import type { ShardStats } from "./contract.ts";

/** What can become of an event that was received. */
export const STATUSES = ["applied", "duplicate", "late", "rejected", "suppressed", "retry"] as const;

type Statuses = Record<(typeof STATUSES)[number], number>;

/** What became of everything that was received. */
export interface Summary extends Statuses {
  /** When counting began; null before the first event. */
  since: string | null;
  /** The sum of the statuses: there is no other count of it that they could differ from. */
  received: number;
  /** Of each status that has codes, how many by code. */
  codes: Record<string, Record<string, number>>;
  /** Late and rejected events of which nothing is left but the count. */
  failuresNotKept: number;
  /** Where the others are: kept now, or gone in one of these ways. */
  failures: {
    kept: number;
    bytes: number;
    settled: number;
    deleted: number;
    expired: number;
    evicted: number;
  };
  /** What became of kept failures that were replayed, by status; these were received before. */
  replayed: Record<string, number>;
  /** Bodies that were refused whole, by code: nobody knows how many events were in them. */
  refused: Record<string, number>;
}

/** Adds the shards up. */
export function summarize(shards: readonly ShardStats[]): Summary {
  const times = shards.flatMap(({ since }) => (since === undefined ? [] : [since]));
  const groups = new Map<string, { total: number; codes: Record<string, number> }>();
  for (const [name, count] of shards.flatMap(({ counts }) => counts)) {
    const [group = "", code] = name.split("/");
    const entry = groups.get(group) ?? { total: 0, codes: {} };
    groups.set(group, entry);
    entry.total += count;
    if (code !== undefined) entry.codes[code] = (entry.codes[code] ?? 0) + count;
  }
  const total = (group: string) => groups.get(group)?.total ?? 0;
  const codes = (group: string) => groups.get(group)?.codes ?? {};
  const left = (how: string) => codes("failures")[how] ?? 0;
  const statuses = {
    applied: total("applied"),
    duplicate: total("duplicate"),
    late: total("late"),
    rejected: total("rejected"),
    suppressed: total("suppressed"),
    retry: total("retry"),
  };
  return {
    since: times.length === 0 ? null : new Date(Math.min(...times)).toISOString(),
    received: STATUSES.reduce((sum, status) => sum + statuses[status], 0),
    ...statuses,
    codes: Object.fromEntries(
      STATUSES.filter((status) => Object.keys(codes(status)).length > 0).map((status) => [
        status,
        codes(status),
      ]),
    ),
    failuresNotKept: total("failuresNotKept"),
    failures: {
      kept: shards.reduce((sum, { kept }) => sum + kept, 0),
      bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
      settled: left("settled"),
      deleted: left("deleted"),
      expired: left("expired"),
      evicted: left("evicted"),
    },
    replayed: codes("replayed"),
    refused: codes("refused"),
  };
}

import type { Count } from "./contract.ts";

/** What a shard knows of itself: one row of JSON, so that a flush of any number of counts writes one row. */
export interface Ledger {
  /** When the first count came, in ms. */
  since: number | null;
  /** The number of the next failure. */
  next: number;
  kept: number;
  bytes: number;
  counts: Record<string, number>;
  /** The batches taken last, newest first: one that comes again is known. */
  recent: string[];
}

/** A batch comes again within seconds or never; a shard takes one a second from each isolate. */
const RECENT = 64;

export function createLedger(sql: SqlStorage): void {
  sql.exec("CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)");
}

export function readLedger(sql: SqlStorage): Ledger {
  const [row] = sql.exec<{ json: string }>("SELECT json FROM ledger").toArray();
  if (row !== undefined) return JSON.parse(row.json);
  return { since: null, next: 1, kept: 0, bytes: 0, counts: {}, recent: [] };
}

export function writeLedger(sql: SqlStorage, ledger: Ledger): void {
  sql.exec("INSERT OR REPLACE INTO ledger VALUES (1, ?)", JSON.stringify(ledger));
}

/** Notes a batch; false when it was taken before. */
export function noteBatch(ledger: Ledger, batch: string): boolean {
  if (ledger.recent.includes(batch)) return false;
  ledger.recent = [batch, ...ledger.recent].slice(0, RECENT);
  return true;
}

export function addCounts(ledger: Ledger, counts: readonly Count[]): void {
  for (const [name, count] of counts) {
    if (count > 0) ledger.counts[name] = (ledger.counts[name] ?? 0) + count;
  }
}

import { Buffer } from "node:buffer";
import { ANONYMOUS } from "../events/validate.ts";
import type { Count, FailuresQuery, KeptFailure, NewFailure, Retried, ShardStats } from "./contract.ts";
import { addCounts, createLedger, type Ledger, noteBatch, readLedger, writeLedger } from "./ledger.ts";

/** How much a shard keeps: beyond either, the oldest of the most frequent code goes. */
export interface Bounds {
  failures: number;
  bytes: number;
  /** ms. */
  ageMs: number;
}

/** Of `failures`, the part that an eviction makes room for, so that it is rare. */
const EVICTED_PART = 16;

/** Shortest and longest time until expired failures are looked for, in ms. */
const SWEEP_MIN_MS = 60_000;
const SWEEP_MAX_MS = 86_400_000;

interface Row extends Record<string, SqlStorageValue> {
  seq: number;
  status: string;
  code: string;
  pointer: string;
  detail: string;
  received_at: number;
  route: string;
  key_kind: string;
  format: string;
  truncated: number;
  event_id: string | null;
  user: string | null;
  attempts: number;
  text: string;
}

/**
 * The failures and counts of one shard. What left, and how, is counted in the same transaction, so that at all times
 * late + rejected = kept + evicted + expired + deleted + settled + not kept.
 */
export class Store {
  readonly #sql: SqlStorage;
  readonly #storage: Pick<DurableObjectStorage, "sql" | "transactionSync">;
  readonly #bounds: Bounds;
  readonly #now: () => number;

  constructor(
    storage: Pick<DurableObjectStorage, "sql" | "transactionSync">,
    bounds: Bounds,
    now: () => number,
  ) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#bounds = bounds;
    this.#now = now;
    createLedger(this.#sql);
    // `text` is last: what is filtered by is read without it.
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS failures (
      seq INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, bytes INTEGER NOT NULL, attempts INTEGER NOT NULL,
      truncated INTEGER NOT NULL, status TEXT NOT NULL, code TEXT NOT NULL, user TEXT, event_id TEXT,
      route TEXT NOT NULL, key_kind TEXT NOT NULL, format TEXT NOT NULL, pointer TEXT NOT NULL,
      detail TEXT NOT NULL, text TEXT NOT NULL)`);
  }

  keep(batch: string, failures: readonly NewFailure[], counts: readonly Count[]): void {
    this.#change((ledger) => {
      if (!noteBatch(ledger, batch)) return;
      ledger.since ??= this.#now();
      addCounts(ledger, counts);
      for (const failure of failures) this.#insert(ledger, failure);
      while (ledger.kept > this.#bounds.failures || ledger.bytes > this.#bounds.bytes) this.#evict(ledger);
    });
  }

  list({ limit, before, status, code, user, from, to }: FailuresQuery): KeptFailure[] {
    const filters: [sql: string, value: string | number | undefined][] = [
      ["received_at > ?", this.#cutoff()],
      ["received_at >= ?", from],
      ["received_at < ?", to],
      ["seq < ?", before],
      ["status = ?", status],
      ["code = ?", code],
      ["user = ?", user],
    ];
    const set = filters.filter(([, value]) => value !== undefined);
    const where = set.map(([sql]) => sql).join(" AND ");
    const values = set.map(([, value]) => value);
    return this.#sql
      .exec<Row>(`SELECT * FROM failures WHERE ${where} ORDER BY seq DESC LIMIT ?`, ...values, limit)
      .toArray()
      .map(toKept);
  }

  find(seqs: readonly number[]): KeptFailure[] {
    const listed = "SELECT value FROM json_each(?)";
    return this.#sql
      .exec<Row>(
        `SELECT * FROM failures WHERE received_at > ? AND seq IN (${listed}) ORDER BY seq DESC`,
        this.#cutoff(),
        JSON.stringify(seqs),
      )
      .toArray()
      .map(toKept);
  }

  settle(settled: readonly number[], failed: readonly Retried[]): void {
    this.#change((ledger) => {
      this.#delete(ledger, "settled", "seq IN (SELECT value FROM json_each(?))", JSON.stringify(settled));
      for (const { seq, reason } of failed) {
        this.#sql.exec("UPDATE failures SET attempts = attempts + 1 WHERE seq = ?", seq);
        if (reason === undefined) continue;
        const { status, code, pointer, detail } = reason;
        this.#sql.exec(
          "UPDATE failures SET status = ?, code = ?, pointer = ?, detail = ? WHERE seq = ?",
          ...[status, code, pointer, detail, seq],
        );
      }
    });
  }

  remove(user?: string): number {
    return this.#change((ledger) => {
      if (user === undefined) return this.#delete(ledger, "deleted", "TRUE");
      return this.#delete(ledger, "deleted", OF_USERS, ...valuesOfUsers([user]));
    });
  }

  countEvent(users: readonly string[], eventId: string): number {
    const values = [...valuesOf([eventId]), ...valuesOfUsers(users)];
    return this.#sql
      .exec<{ count: number }>(`SELECT count(*) AS count FROM failures WHERE ${OF_EVENT}`, ...values)
      .one().count;
  }

  removeEvent(users: readonly string[], eventId: string): number {
    const values = [...valuesOf([eventId]), ...valuesOfUsers(users)];
    return this.#change((ledger) => this.#delete(ledger, "deleted", OF_EVENT, ...values));
  }

  /** Deletes what has expired; answers when to look again, in ms since 1970, unless nothing is left. */
  expire(): number | undefined {
    this.#change((ledger) => this.#delete(ledger, "expired", "received_at <= ?", this.#cutoff()));
    const { oldest } = this.#sql
      .exec<{ oldest: number | null }>("SELECT min(received_at) AS oldest FROM failures")
      .one();
    if (oldest === null) return undefined;
    const now = this.#now();
    // Not only when the oldest is due: the configuration may shorten the time meanwhile.
    return Math.min(now + SWEEP_MAX_MS, Math.max(now + SWEEP_MIN_MS, oldest + this.#bounds.ageMs));
  }

  stats(): ShardStats {
    this.expire();
    const { since, kept, bytes, counts } = readLedger(this.#sql);
    return { ...(since === null ? {} : { since }), kept, bytes, counts: Object.entries(counts) };
  }

  #cutoff(): number {
    return this.#now() - this.#bounds.ageMs;
  }

  #change<T>(work: (ledger: Ledger) => T): T {
    return this.#storage.transactionSync(() => {
      const ledger = readLedger(this.#sql);
      const before = JSON.stringify(ledger);
      const result = work(ledger);
      if (JSON.stringify(ledger) !== before) writeLedger(this.#sql, ledger);
      return result;
    });
  }

  #insert(ledger: Ledger, failure: NewFailure): void {
    const { receivedAt, truncated, status, code, route, key, format, pointer, detail, text } = failure;
    const bytes = Buffer.byteLength(text);
    this.#sql.exec(
      "INSERT INTO failures VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ...[ledger.next++, receivedAt, bytes, truncated ? 1 : 0, status, code],
      ...[failure.user ?? null, failure.eventId ?? null, route, key, format, pointer, detail, text],
    );
    ledger.kept++;
    ledger.bytes += bytes;
  }

  /** A flood of one kind of bad events pushes out its own kind, not the few that matter. */
  #evict(ledger: Ledger): void {
    const measure = ledger.kept > this.#bounds.failures ? "count(*)" : "sum(bytes)";
    const { code } = this.#sql
      .exec<{ code: string }>(`SELECT code FROM failures GROUP BY code ORDER BY ${measure} DESC LIMIT 1`)
      .one();
    const count = Math.ceil(this.#bounds.failures / EVICTED_PART);
    const oldest = "SELECT seq FROM failures WHERE code = ? ORDER BY seq LIMIT ?";
    this.#delete(ledger, "evicted", `seq IN (${oldest})`, code, count);
  }

  #delete(ledger: Ledger, how: string, where: string, ...values: (string | number)[]): number {
    const deleted = this.#sql
      .exec<{ bytes: number }>(`DELETE FROM failures WHERE ${where} RETURNING bytes`, ...values)
      .toArray();
    ledger.kept -= deleted.length;
    for (const { bytes } of deleted) ledger.bytes -= bytes;
    addCounts(ledger, [[`failures/${how}`, deleted.length]]);
    return deleted.length;
  }
}

/** What is of some ids by a column; where that could not be read, mentioning one in the text is enough: better one too many. */
const of = (column: "user" | "event_id") =>
  `(${column} IN (SELECT value FROM json_each(?)) OR
    (${column} IS NULL AND EXISTS (SELECT 1 FROM json_each(?) WHERE instr(text, value) > 0)))`;
const OF_USERS = of("user");
/** No index finds these: reading all rows of a shard, which are not many, costs less than one more row with each failure. */
const OF_EVENT = `${of("event_id")} AND ${OF_USERS}`;

/** The values of an `of`: ids as the column has them, and as texts mention them. */
function valuesOf(ids: readonly string[], mentioned = ids): [string, string] {
  return [JSON.stringify(ids), JSON.stringify(mentioned.map((id) => JSON.stringify(id)))];
}

/** Texts have the id of an anonymous profile without what we put before it. */
function valuesOfUsers(users: readonly string[]): [string, string] {
  return valuesOf(
    users,
    users.map((user) => (user.startsWith(ANONYMOUS) ? user.slice(ANONYMOUS.length) : user)),
  );
}

function toKept(row: Row): KeptFailure {
  return {
    seq: row.seq,
    status: row.status === "late" ? "late" : "rejected",
    code: row.code,
    pointer: row.pointer,
    detail: row.detail,
    receivedAt: row.received_at,
    route: row.route,
    key: row.key_kind === "secret" ? "secret" : "write",
    format: row.format,
    truncated: row.truncated !== 0,
    attempts: row.attempts,
    text: row.text,
    ...(row.event_id === null ? {} : { eventId: row.event_id }),
    ...(row.user === null ? {} : { user: row.user }),
  };
}

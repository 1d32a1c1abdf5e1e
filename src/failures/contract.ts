import type { KeyKind } from "../keys/key.ts";

/** An item that is not in a profile: not an event, or older than the kept history. */
export interface NewFailure {
  status: "rejected" | "late";
  /** A stable word for programs, such as `time-invalid`. */
  code: string;
  /** JSON pointer (RFC 6901) to the offending member, relative to the item. */
  pointer: string;
  detail: string;
  /** ms since 1970. */
  receivedAt: number;
  /** The route it came through, such as `POST /v1/events`. */
  route: string;
  /** The kind of the key, never the key. */
  key: KeyKind;
  /** The item's own JSON, as it was sent. */
  text: string;
  /** The name of the format that `text` is in, and is decoded by when it is replayed. */
  format: string;
  /** Only the beginning of the text is kept: it was too large to ever be an event. */
  truncated: boolean;
  /** The id of the event, where it has a readable one. */
  eventId?: string;
  /** The id of the profile that it was meant for, where that can be read. */
  user?: string;
}

/** A failure as it is kept, numbered within its shard. */
export interface KeptFailure extends NewFailure {
  seq: number;
  /** How often it was replayed, and still failed. */
  attempts: number;
}

/** Which failures to list, newest first. */
export interface FailuresQuery {
  limit: number;
  /** Only those numbered below this: where the page before ended. */
  before?: number;
  status?: NewFailure["status"];
  code?: string;
  user?: string;
  /** Inclusive, ms. */
  from?: number;
  /** Exclusive, ms. */
  to?: number;
}

/** A failure that was replayed in vain, and why; without a reason, the one it had stays. */
export interface Retried {
  seq: number;
  reason?: Pick<NewFailure, "status" | "code" | "pointer" | "detail">;
}

/** How often something happened: a status, or a status and its code, as in `rejected/time-invalid`. */
export type Count = [name: string, count: number];

/** What one shard has counted and keeps. */
export interface ShardStats {
  /** When it began to count, in ms; undefined when it has not. */
  since?: number;
  counts: Count[];
  /** Failures that are kept now, and the bytes of their texts. */
  kept: number;
  bytes: number;
}

/** How many shards there are: a flood of bad events is not to be one object's. */
export const SHARDS = 4;

/** The RPC of a shard. */
export interface FailuresRpc {
  /** Keeps failures and adds counts, in one transaction. The same `batch` a second time changes nothing. */
  keep(batch: string, failures: NewFailure[], counts: Count[]): Promise<void>;
  list(query: FailuresQuery): Promise<KeptFailure[]>;
  find(seqs: number[]): Promise<KeptFailure[]>;
  /** After a replay: drops what is settled, notes the attempt with the rest. */
  settle(settled: number[], failed: Retried[]): Promise<void>;
  /** Deletes what is kept, or what is kept of a user; answers how many that were. */
  remove(user?: string): Promise<number>;
  /** Of an event of one of these users: how many failures are kept. */
  countEvent(users: string[], eventId: string): Promise<number>;
  /** Deletes these; answers how many that were. */
  removeEvent(users: string[], eventId: string): Promise<number>;
  stats(): Promise<ShardStats>;
}

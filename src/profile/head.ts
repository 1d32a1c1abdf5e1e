import type { Event } from "../events/event.ts";
import { FrameError, frame, unframe } from "./frame.ts";
import type { Key } from "./pages.ts";
import { packState, type State, unpackState } from "./state.ts";
import { readTail, type Tail } from "./tail.ts";

/** The one row that a commit rewrites: the newest events, and the state before them. */
export interface StoredHead {
  user: string;
  /** Counts the commits that changed the profile. */
  version: number;
  /** The newest event that retention dropped: nothing up to it is taken in any more. */
  horizon: Key | undefined;
  /** The newest events, whole; older ones are in pages. */
  tail: Event[];
  /** The fold of everything before the tail; undefined when it is damaged or of another definition. */
  base: State | undefined;
  /** The packed base, where it is whole and of another definition. */
  outdated: Uint8Array | undefined;
}

const BASE_FORMAT = 1;

export function createHead(sql: SqlStorage): void {
  // The tail last: what comes before it keeps its place on the disk when the tail grows.
  sql.exec(`CREATE TABLE IF NOT EXISTS head (
    rowid INTEGER PRIMARY KEY, version INTEGER NOT NULL, user TEXT NOT NULL, horizon_time REAL, horizon_id TEXT,
    tail_check BLOB NOT NULL, base BLOB NOT NULL, tail BLOB NOT NULL)`);
}

/** Whether anything was ever stored here: asked before a read, so that a read creates nothing. */
export function hasHead(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'head'").toArray().length > 0;
}

/** The stored version; this touches storage, which is what makes a read strongly consistent. */
export function storedVersion(sql: SqlStorage): number | undefined {
  return sql.exec<{ version: number }>("SELECT version FROM head").toArray()[0]?.version;
}

/**
 * @throws FrameError when the tail is damaged: it is part of the truth, and only the state can be folded again.
 */
export function readHead(sql: SqlStorage, fingerprint: string): StoredHead | undefined {
  const [row] = sql
    .exec<{
      version: number;
      user: string;
      horizon_time: number | null;
      horizon_id: string | null;
      tail_check: ArrayBuffer;
      base: ArrayBuffer;
      tail: ArrayBuffer;
    }>("SELECT version, user, horizon_time, horizon_id, tail_check, base, tail FROM head")
    .toArray();
  if (row === undefined) return undefined;
  const { user, version, horizon_time: time, horizon_id: id } = row;
  const packed = wholeBase(row.base);
  const base = packed === undefined ? undefined : unpackState(fingerprint, packed);
  return {
    user,
    version,
    horizon: time === null || id === null ? undefined : { time, id },
    tail: readTail(user, row.tail_check, row.tail),
    base,
    outdated: base === undefined ? packed : undefined,
  };
}

/** The bytes of a stored state; undefined when they are damaged. */
function wholeBase(blob: ArrayBuffer): Uint8Array | undefined {
  try {
    return unframe(BASE_FORMAT, blob).payload;
  } catch (error) {
    if (error instanceof FrameError && error.reason === "corrupt") return undefined;
    throw error;
  }
}

/** Writes the row with another base. */
export function writeHead(
  sql: SqlStorage,
  fingerprint: string,
  head: { user: string; version: number; horizon: Key | undefined; base: State; tail: Tail },
): void {
  const { check, bytes } = head.tail.stored;
  sql.exec(
    "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
    head.version,
    head.user,
    head.horizon?.time ?? null,
    head.horizon?.id ?? null,
    check,
    frame(BASE_FORMAT, packState(fingerprint, head.base)),
    bytes,
  );
}

/** Writes the row with another tail; the base stays as it is. */
export function writeTail(sql: SqlStorage, version: number, horizon: Key | undefined, tail: Tail): void {
  const { check, bytes } = tail.stored;
  sql.exec(
    "UPDATE head SET version = ?, horizon_time = ?, horizon_id = ?, tail_check = ?, tail = ?",
    version,
    horizon?.time ?? null,
    horizon?.id ?? null,
    check,
    bytes,
  );
}

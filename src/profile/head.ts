import type { Event } from "../events/event.ts";
import { FrameError, frame, unframe } from "./frame.ts";
import { type Key, packEvents, unpackEvents } from "./pages.ts";
import { packState, type State, unpackState } from "./state.ts";

/** The one row that a commit rewrites. */
export interface Head {
  user: string;
  /** Counts the commits that changed the profile. */
  version: number;
  /** The newest event that retention dropped: nothing up to it is taken in any more. */
  horizon: Key | undefined;
  /** The newest events, whole; older ones are in pages. */
  tail: Event[];
}

/** The head as it is stored, with the fold of everything up to the tail, and with the tail. */
export interface StoredHead extends Head {
  /** Undefined when it must be folded again: it is damaged, or of another definition. */
  base: State | undefined;
  state: State | undefined;
  /** The packed state, where it is whole and of another definition. */
  outdated: Uint8Array | undefined;
}

const TAIL_FORMAT = 1;
const STATE_FORMAT = 1;

export function createHead(sql: SqlStorage): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS head (
    rowid INTEGER PRIMARY KEY, version INTEGER NOT NULL, user TEXT NOT NULL, horizon_time REAL, horizon_id TEXT,
    tail BLOB NOT NULL, base BLOB NOT NULL, state BLOB NOT NULL)`);
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
 * @throws FrameError when the tail is damaged: it is part of the truth, and only the states can be folded again.
 */
export function readHead(sql: SqlStorage, fingerprint: string): StoredHead | undefined {
  const [row] = sql
    .exec<{
      version: number;
      user: string;
      horizon_time: number | null;
      horizon_id: string | null;
      tail: ArrayBuffer;
      base: ArrayBuffer;
      state: ArrayBuffer;
    }>("SELECT version, user, horizon_time, horizon_id, tail, base, state FROM head")
    .toArray();
  if (row === undefined) return undefined;
  return {
    user: row.user,
    version: row.version,
    horizon:
      row.horizon_time === null || row.horizon_id === null
        ? undefined
        : { time: row.horizon_time, id: row.horizon_id },
    tail: unpackEvents(row.user, unframe(TAIL_FORMAT, row.tail).payload),
    ...readStates(fingerprint, row.base, row.state),
  };
}

function readStates(fingerprint: string, base: ArrayBuffer, state: ArrayBuffer) {
  const packed = wholeState(state);
  const unpacked = packed === undefined ? undefined : unpackState(fingerprint, packed);
  const before = wholeState(base);
  return {
    base: before === undefined ? undefined : unpackState(fingerprint, before),
    state: unpacked,
    outdated: unpacked === undefined ? packed : undefined,
  };
}

/** The bytes of a stored state; undefined when they are damaged. */
function wholeState(blob: ArrayBuffer): Uint8Array | undefined {
  try {
    return unframe(STATE_FORMAT, blob).payload;
  } catch (error) {
    if (error instanceof FrameError && error.reason === "corrupt") return undefined;
    throw error;
  }
}

/** Writes the row but for the states, which stay as they are: those of another definition, until it is refolded. */
export function writeTail(sql: SqlStorage, head: Head): void {
  sql.exec(
    "UPDATE head SET version = ?, horizon_time = ?, horizon_id = ?, tail = ?",
    head.version,
    head.horizon?.time ?? null,
    head.horizon?.id ?? null,
    frame(TAIL_FORMAT, packEvents(head.tail)),
  );
}

/** Writes the one row. */
export function writeHead(
  sql: SqlStorage,
  fingerprint: string,
  head: Head & { base: State; state: State },
): void {
  sql.exec(
    "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
    head.version,
    head.user,
    head.horizon?.time ?? null,
    head.horizon?.id ?? null,
    frame(TAIL_FORMAT, packEvents(head.tail)),
    frame(STATE_FORMAT, packState(fingerprint, head.base)),
    frame(STATE_FORMAT, packState(fingerprint, head.state)),
  );
}

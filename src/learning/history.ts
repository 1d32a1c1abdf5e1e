import { Mapper } from "../data/mapper.ts";
import type { Mapping } from "../data/mapping.ts";
import { type Progress, silent } from "../data/progress.ts";
import { fileSize, readRows } from "../data/rows.ts";
import { compareEvents, type Event } from "../events/event.ts";
import { decodeNative } from "../events/native.ts";

/** A data file as events. */
export interface History {
  /** Each user's events, in the order of the fold. */
  users: Map<string, Event[]>;
  events: number;
  rows: number;
  /** Rows that are no events, and events that the edge would reject, by reason. */
  skipped: Record<string, number>;
}

/**
 * Reads a data file through a mapping into memory (about 1 kB an event). Events pass through the decoder of the edge:
 * what is learned offline is what would have been served.
 *
 * @throws UserError when a file cannot be read
 */
export async function readHistory(
  file: string,
  mapping: Mapping,
  progress: Progress = silent,
): Promise<History> {
  const history: History = { users: new Map(), events: 0, rows: 0, skipped: {} };
  const { users, skipped } = history;
  const skip = (reason: string) => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  };
  const add = (json: string, time: number) => {
    // As if received when it happened, for files may be older or younger than this machine's clock.
    const decoded = decodeNative(json, time);
    const item = decoded.ok ? decoded.items[0] : undefined;
    if (item === undefined || !item.ok) {
      skip(item === undefined ? "unreadable" : item.rejection.code);
      return;
    }
    const { event } = item;
    const events = users.get(event.user);
    if (events === undefined) users.set(event.user, [event]);
    else events.push(event);
    history.events += 1;
  };

  const mapper = new Mapper(mapping);
  progress.start(fileSize(file));
  try {
    await mapper.open(file);
    let read = 0;
    for await (const { rows, bytes } of readRows(file, mapper.columns)) {
      for (const row of rows) {
        const mapped = mapper.map(row);
        if ("skipped" in mapped) skip(mapped.skipped);
        else add(mapped.json, mapped.time);
      }
      history.rows += rows.length;
      progress.advance(bytes - read, rows.length);
      read = bytes;
    }
    for (const events of users.values()) events.sort(compareEvents);
    const firstTimes = new Map(Array.from(users, ([user, events]) => [user, events[0]?.time ?? 0]));
    for await (const { json, time } of mapper.identify(file, firstTimes)) add(json, time);
  } finally {
    progress.stop();
  }
  for (const events of users.values()) events.sort(compareEvents);
  return history;
}

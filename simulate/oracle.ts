import { compareEvents, type Event } from "../src/events/event.ts";
import { describe } from "../src/profile/describe.ts";
import type { Engine } from "../src/profile/engine.ts";
import { foldEvents } from "../src/profile/fold.ts";
import { freshState } from "../src/profile/state.ts";

/**
 * The profile as it must be read: each event folded once, in order, in one go from nothing; no journal, no checkpoint,
 * no storage. Its digest is of the whole state, so equal texts mean bit-equal states.
 */
export function expectedProfile(
  engine: Engine,
  user: string,
  events: Iterable<Event>,
  version: number,
  at: number,
): string {
  const ordered = [...events].filter(({ time }) => time <= at).sort(compareEvents);
  const { kernel, compiled } = engine;
  const state = foldEvents(kernel, compiled, freshState(kernel, compiled), ordered);
  return JSON.stringify({ ...describe(engine, user, version, state, at), refolding: null });
}

/** The first member in which two profiles differ, for the report. */
export function firstDifference(found: string, expected: string): string {
  const a: Record<string, unknown> = JSON.parse(found);
  const b: Record<string, unknown> = JSON.parse(expected);
  // The digest says that they differ and not where.
  const names = [...new Set([...Object.keys(b), ...Object.keys(a)])].sort(
    (x, y) => Number(x === "digest") - Number(y === "digest"),
  );
  const name = names.find((one) => JSON.stringify(a[one]) !== JSON.stringify(b[one]));
  if (name === undefined) return "the order of members";
  return `${name} is ${cut(a[name])}, not ${cut(b[name])}`;
}

const cut = (value: unknown) => (JSON.stringify(value) ?? "missing").slice(0, 120);

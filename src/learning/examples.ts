import type { Event } from "../events/event.ts";
import { OfflineProfile } from "../kernel/offline.ts";
import type { History } from "./history.ts";
import { modelAlone, type Subject } from "./subject.ts";

/** What a model learns from, of all users: user after user, each in the order of the fold. */
export interface Examples {
  count: number;
  /** Of a vector, as `OfflineModel.width` is. */
  width: number;
  /** Vector after vector, as they were when each decision was due; NaN where a feature is missing. */
  x: Float32Array;
  y: Uint8Array;
  /** When the label became known, and the example could be learned, in ms since 1970. */
  time: Float64Array;
  /** Each user's events, and the examples that they gave: from `start` until before `end`. */
  users: { events: readonly Event[]; start: number; end: number }[];
  /** All examples in the order of their times. */
  byTime: Uint32Array;
}

/**
 * Folds the events of every user and gathers what the subject's model learns on the way.
 * @param onEvents told how many more events are folded
 */
export function extractExamples(
  subject: Subject,
  history: Pick<History, "users">,
  onEvents: (events: number) => void = () => {},
): Examples {
  const definition = modelAlone(subject);
  const vectors: Float32Array[] = [];
  const labels: number[] = [];
  const times: number[] = [];
  const users: Examples["users"] = [];
  for (const events of history.users.values()) {
    const start = labels.length;
    for (const { x, y, time } of new OfflineProfile(subject.module, definition).fold(events)) {
      vectors.push(x);
      labels.push(y);
      times.push(time);
    }
    users.push({ events, start, end: labels.length });
    onEvents(events.length);
  }
  const width = vectors[0]?.length ?? 0;
  const x = new Float32Array(vectors.length * width);
  vectors.forEach((vector, i) => {
    x.set(vector, i * width);
  });
  const time = Float64Array.from(times);
  return {
    count: labels.length,
    width,
    x,
    y: Uint8Array.from(labels),
    time,
    users,
    byTime: Uint32Array.from(times.keys()).sort((a, b) => (time[a] ?? 0) - (time[b] ?? 0) || a - b),
  };
}

/** The vector of an example; not a copy. */
export function vectorAt({ x, width }: Examples, example: number): Float32Array {
  return x.subarray(example * width, (example + 1) * width);
}

export function labelAt({ y }: Examples, example: number): 0 | 1 {
  return y[example] === 1 ? 1 : 0;
}

/** Values by example, of some examples. */
export function pick(values: Uint8Array | Float64Array, examples: Uint32Array): number[] {
  return Array.from(examples, (example) => values[example] ?? Number.NaN);
}

/** The share of positives among some examples. */
export function rateOf({ y }: Examples, examples: Uint32Array): number {
  return examples.reduce((sum, example) => sum + (y[example] ?? 0), 0) / examples.length;
}

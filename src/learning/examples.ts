import { durationMs } from "../definition/schema.ts";
import { OfflineProfile } from "../kernel/offline.ts";
import type { History } from "./history.ts";
import { modelAlone, modelOf, type Subject } from "./subject.ts";

/** What a model learns from, of all users: user after user, each in the order of the fold. */
export interface Examples {
  count: number;
  /** Of a vector, as `OfflineModel.width` is. */
  width: number;
  /** Vector after vector, as they were when each decision was due; NaN where a feature is missing. */
  x: Float32Array;
  y: Uint8Array;
  /** When the decision was due, in ms since 1970. */
  time: Float64Array;
  /** When the label was known at the latest, in ms since 1970. */
  known: Float64Array;
  /** Where each user's examples start, and the end of the last one's. */
  starts: number[];
  /** All examples in the order of their times. */
  byTime: Uint32Array;
}

const EVENTS_PER_FOLD = 1000;

/**
 * Folds the events of every user and gathers what the subject's model learns on the way.
 * @param onEvents told how many more events are folded
 */
export function extractExamples(
  subject: Subject,
  { users }: Pick<History, "users">,
  onEvents: (events: number) => void = () => {},
): Examples {
  const { within } = modelOf(subject).target;
  const withinMs = within === undefined ? 0 : durationMs(within);
  const definition = modelAlone(subject);
  const vectors: Float32Array[] = [];
  const labels: number[] = [];
  const times: number[] = [];
  const starts: number[] = [];
  for (const events of users.values()) {
    starts.push(labels.length);
    const profile = new OfflineProfile(subject.module, definition);
    for (let at = 0; at < events.length; at += EVENTS_PER_FOLD) {
      for (const { x, y, time } of profile.fold(events.slice(at, at + EVENTS_PER_FOLD))) {
        vectors.push(x);
        labels.push(y);
        times.push(time);
      }
    }
    onEvents(events.length);
  }
  starts.push(labels.length);
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
    known: time.map((due) => due + withinMs),
    starts,
    byTime: Uint32Array.from(times.keys()).sort((a, b) => (time[a] ?? 0) - (time[b] ?? 0) || a - b),
  };
}

/** The vector of an example; not a copy. */
export function vectorAt({ x, width }: Examples, example: number): Float32Array {
  return x.subarray(example * width, (example + 1) * width);
}

/** Values by example, of some examples. */
export function pick<Values extends Uint8Array | Float64Array>(
  values: Values,
  examples: Uint32Array,
): number[] {
  return Array.from(examples, (example) => values[example] ?? Number.NaN);
}

import { Random } from "../src/cli/random.ts";
import { KEEP_ALL, type Retention } from "../src/profile/retention.ts";
import type { Size } from "./simulation.ts";

/** How much history a run keeps. */
export interface Keeping {
  retention: Retention;
  /** How many ms pass for profiles in one of the schedule: events only grow old where it is many. */
  pace: number;
  /** When the retention is configured, ms of the schedule; before, all is kept. */
  since: number;
  /** What the run must be like for anything to go by count, which goes in pages. */
  size?: Size;
}

const HOUR_MS = 3_600_000;
/** A run of some seconds lasts some days. */
const PACE = 60_000;

export const KEEP_EVERYTHING: Keeping = { retention: KEEP_ALL, pace: 1, since: 0 };

/** Most runs keep everything: their oracle knows every event. Its chances are its own, and change no other ones. */
export function keepingOf(seed: number): Keeping {
  const random = new Random(seed ^ 0x5eed);
  const draw = random.next();
  if (draw > 0.16) return KEEP_EVERYTHING;
  const since = random.chance(0.3) ? random.whole(0, 4000) : 0;
  const ageMs = random.whole(1, 96) * HOUR_MS;
  if (draw > 0.02) return { retention: { ...KEEP_ALL, ageMs }, pace: PACE, since };
  const events = random.whole(64, 200);
  const size = { users: 1, events: random.whole(300, 450), clients: 3, batch: random.whole(10, 60) };
  return random.chance(0.3)
    ? { retention: { events, ageMs }, pace: PACE, since, size }
    : { retention: { events }, pace: 1, since, size };
}

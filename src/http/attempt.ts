/** What came of calling an object. */
export type Attempted<T> = { ok: true; value: T } | { ok: false; code: Refusal };

/** Why an object does not answer, as far as whoever asked may know. */
export type Refusal = "overloaded" | "storage-full" | "unavailable";

/** How often a call is made again at most. */
export const RETRIES = 3;
/** The wait before the first retry is at most this, in ms; it doubles with each. */
const BACKOFF_MS = 50;
/** No retry starts later than this after the first call, in ms: the client waits, and may retry as well. */
const PATIENCE_MS = 5_000;

/** What a test puts in place of time and chance. */
export interface Clock {
  now: () => number;
  /** From 0 to 1. */
  random: () => number;
  sleep: (ms: number) => Promise<void>;
}

const CLOCK: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Calls an object, and calls it again when its error says that this may help. `call` must take a fresh stub each time,
 * for a stub that has thrown stays broken; and making it twice must be harmless, for an error that is `retryable` may
 * come after the work was done. The runtime itself repeats only calls that never arrived.
 *
 * An object that is overloaded is never called again: that would make it worse.
 */
export async function attempt<T>(call: () => Promise<T>, clock = CLOCK): Promise<Attempted<T>> {
  const started = clock.now();
  for (let retries = 0; ; retries++) {
    try {
      return { ok: true, value: await call() };
    } catch (error) {
      const fault = faultOf(error);
      if (fault !== "passing") return { ok: false, code: fault };
      if (retries === RETRIES || clock.now() - started > PATIENCE_MS) {
        return { ok: false, code: "unavailable" };
      }
      await clock.sleep(BACKOFF_MS * 2 ** retries * (0.5 + clock.random() / 2));
    }
  }
}

/** Cloudflare's errors carry `retryable` and `overloaded`; SQLite's only a message. */
function faultOf(error: unknown): Refusal | "passing" {
  if (!(error instanceof Error)) return "unavailable";
  if ("overloaded" in error && error.overloaded === true) return "overloaded";
  if (/SQLITE_FULL|disk is full|storage limit/i.test(error.message)) return "storage-full";
  return "retryable" in error && error.retryable === true ? "passing" : "unavailable";
}

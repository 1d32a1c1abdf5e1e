/** Days that failures are kept when the configuration does not say. */
const DAYS = 14;
const DAY_MS = 86_400_000;

/** How long failures are kept, in ms; 0 when none are to be. What is no number of days counts as not said. */
export function failuresAgeMs({ FAILURES_DAYS }: { FAILURES_DAYS?: string }): number {
  // workerd has null for a variable that is not set.
  const days = Number(FAILURES_DAYS ?? DAYS);
  return (days >= 0 && days < 10_000 ? days : DAYS) * DAY_MS;
}

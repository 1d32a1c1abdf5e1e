/**
 * Statuses that no request can provoke in an edge that is well, and why. They are documented, and so they are exercised
 * as the others are, but in `test/http/contract.test.ts`, where what is around the Worker can be made to fail.
 */
export const NOT_OVER_HTTP: Record<string, string> = {
  429: "plain workerd has no rate limits, and too many requests at once are a matter of time",
  500: "nothing that a request holds makes the edge fail",
  503: "an edge that is configured, and whose objects answer, is available",
  507: "storage is not full",
};

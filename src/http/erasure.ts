import { Hono } from "hono";
import { isProfileId } from "../events/validate.ts";
import type { ErasedResult } from "../profile/contract.ts";
import { answer } from "./answer.ts";
import type { App, Context } from "./context.ts";
import { ask } from "./objects.ts";
import { problem, type Result } from "./problems.ts";
import { askShards } from "./shards.ts";

/**
 * `DELETE /v1/profiles/:id/events/:eventId`: an event is taken out, as if it had never been, and stays out; and what is
 * kept of it as a failure is deleted. An event of which only that is there stays out of the profile as well.
 *
 * First it is made sure that it stays out, then the failures go: whatever does not answer, the request is made again,
 * and goes on from there.
 */
export const erasure = new Hono<App>().delete("/v1/profiles/:id/events/:eventId", async (c) => {
  const { id, eventId } = c.req.param();
  if (!isProfileId(id)) return problem(c, { code: "event-unknown" });
  let erased = await takeOut(c, id, eventId);
  if (!erased.ok) return problem(c, erased.failure);
  if (erased.value.status === "unknown") {
    const { users } = erased.value;
    const kept = await askShards(c, (failures) => failures.countEvent(users, eventId));
    if (!kept.ok) return problem(c, kept.failure);
    if (sum(kept.value) === 0) return problem(c, { code: "event-unknown" });
    erased = await takeOut(c, id, eventId, true);
    if (!erased.ok) return problem(c, erased.failure);
  }
  if (erased.value.status !== "erased") return problem(c, { code: "merging" });
  const { version, users } = erased.value;
  const removed = await askShards(c, (failures) => failures.removeEvent(users, eventId));
  if (!removed.ok) return problem(c, { ...removed.failure, detail: INCOMPLETE });
  return answer(c, { erased: true, version, failures: sum(removed.value) });
});

const INCOMPLETE =
  "The event is out of the profile, but failures that may be kept of it cannot be reached now, and are not all deleted.";

/** What the profile says, with the names of all whose event of that id it is: also that of whoever was merged into another. */
function takeOut(
  c: Context,
  id: string,
  eventId: string,
  expected = false,
): Promise<Result<ErasedResult & { users: string[] }>> {
  return ask(c, id, async (profile, at) => {
    const erased = await profile.erase(at, eventId, expected);
    if (erased.status === "failed" || erased.status === "moved") return erased;
    const parts = erased.status === "merging" ? [] : erased.parts;
    return { ...erased, users: [...new Set([id, at, ...parts])] };
  });
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

import type { Link } from "../events/decoded.ts";
import { USERS_PER_REQUEST } from "../events/limits.ts";
import { ANONYMOUS, type Validated } from "../events/validate.ts";
import type { Context } from "./context.ts";
import type { Delivery } from "./deliver.ts";
import { ask } from "./objects.ts";
import type { Failure } from "./problems.ts";

/** The links that decoded events say, each with the position of its event. */
export function linksOf(items: readonly Validated[]): Link[] {
  const links: Link[] = [];
  items.forEach((item, index) => {
    if (item.ok && item.alias !== undefined) links.push({ index, from: item.alias, to: item.event.user });
  });
  return links;
}

/** What a request with these links is refused for, if it is: each is a call to another object. */
export function refuseLinks(links: readonly Link[]): Failure | undefined {
  if (links.length <= USERS_PER_REQUEST || new Set(links.map(nameOf)).size <= USERS_PER_REQUEST)
    return undefined;
  return { code: "too-many-users", detail: `The body joins more than ${USERS_PER_REQUEST} profiles.` };
}

/**
 * Joins the profiles that events say are one person's, after the events themselves were delivered; what came of it
 * stands in the deliveries. One that is not decided makes its event a `retry`: its id makes that harmless, and the
 * repeat joins.
 */
export async function joinAll(c: Context, links: readonly Link[], deliveries: Delivery[]): Promise<void> {
  const isIn = ({ index }: Link) => {
    const status = deliveries[index]?.status;
    return status === "applied" || status === "duplicate";
  };
  const groups = Map.groupBy(links.filter(isIn), nameOf);
  await Promise.all(
    Array.from(groups.values(), async (group) => {
      const [first] = group;
      if (first === undefined) return;
      const joined = await join(c, first.from, first.to);
      for (const { index, from } of group) {
        const delivery = deliveries[index];
        if (delivery === undefined || joined === "apart") continue;
        if (joined === "joined") deliveries[index] = { ...delivery, merged: from };
        else
          deliveries[index] = {
            index,
            id: delivery.id ?? "",
            status: "retry",
            code: "merging",
            detail: RETRY,
          };
      }
    }),
  );
}

/**
 * Merges `from` into `to` on the word of an event. A write key is public, and so may only join an anonymous profile to
 * a user's, and one that is not joined yet: else whoever knows another's user id could take over that profile.
 */
export async function join(c: Context, from: string, to: string): Promise<"joined" | "apart" | "undecided"> {
  const isLogin = from.startsWith(ANONYMOUS) && !to.startsWith(ANONYMOUS);
  if (!isLogin && c.get("key") !== "secret") return "apart";
  const asked = await ask(c, from, (profile) => profile.merge(from, to));
  if (!asked.ok) return "undecided";
  const result = asked.value;
  switch (result.status) {
    case "merged":
      return "joined";
    case "already":
      return result.into === to ? "joined" : "apart";
    case "waiting":
      return "undecided";
    default:
      return "apart";
  }
}

const nameOf = ({ from, to }: Link) => JSON.stringify([from, to]);

const RETRY =
  "The event is in, but its profiles could not be joined now: send it again, its id makes that harmless.";

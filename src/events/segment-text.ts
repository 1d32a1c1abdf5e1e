import { elementTexts, memberTexts } from "./json.ts";
import type { Call } from "./segment-call.ts";

/**
 * The texts of the calls at these positions of a body that was decoded, each able to stand alone in a batch: with its
 * type, and what the batch said for all of them. Text, not values written again: a number that JavaScript cannot hold
 * stays what was sent. Write keys are left out.
 */
export function callTexts(body: string, indices: readonly number[], call?: Call): string[] {
  if (call !== undefined) {
    const members = memberTexts(body).set("type", JSON.stringify(call));
    // It leans on nothing, and is written as it will be when it is read again.
    return indices.map(() => write(lean(members, new Map(), new Map())));
  }
  const batch = memberTexts(body);
  const items = elementTexts(batch.get("batch") ?? "[]");
  const context = membersOf(batch.get("context"));
  return indices.map((index) => {
    const item = items[index] ?? "null";
    return item.startsWith("{") ? write(lean(memberTexts(item), batch, context)) : item;
  });
}

type Members = Map<string, string>;

/** Adds to an item what it leans on the batch for, and no more: that would multiply what was sent. */
function lean(item: Members, batch: Members, context: Members): Members {
  if (!isSaid(item, "sentAt")) copy("sentAt", batch, item);
  if (!isSaid(item, "timestamp") && !isSaid(item, "originalTimestamp")) copy("timestamp", batch, item);
  const own = membersOf(item.get("context"));
  for (const name of ["traits", "externalIds"]) {
    if (!own.has(name)) copy(name, context, own);
  }
  if (own.size > 0) item.set("context", write(own));
  return item;
}

function copy(name: string, from: Members, to: Members): void {
  const text = from.get(name);
  if (text !== undefined) to.set(name, text);
}

function isSaid(members: Members, name: string): boolean {
  return (members.get(name) ?? "null") !== "null";
}

function membersOf(text: string | undefined): Members {
  return text?.startsWith("{") ? memberTexts(text) : new Map();
}

function write(members: Members): string {
  const written = Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `{${written.filter((member) => !member.startsWith('"writeKey":')).join(",")}}`;
}

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
    return indices.map(() => write(members));
  }
  const batch = memberTexts(body);
  const items = elementTexts(batch.get("batch") ?? "[]");
  return indices.map((index) => {
    const item = items[index] ?? "null";
    return item.startsWith("{") ? write(lean(memberTexts(item), batch)) : item;
  });
}

/** Adds to an item what it leans on the batch for. */
function lean(item: Map<string, string>, batch: Map<string, string>): Map<string, string> {
  if (!isSaid(item, "sentAt") && isSaid(batch, "sentAt")) item.set("sentAt", batch.get("sentAt") ?? "null");
  const hasTime = isSaid(item, "timestamp") || isSaid(item, "originalTimestamp");
  if (!hasTime && isSaid(batch, "timestamp")) item.set("timestamp", batch.get("timestamp") ?? "null");
  const shared = membersOf(batch.get("context"));
  if (shared.size > 0) item.set("context", write(new Map([...shared, ...membersOf(item.get("context"))])));
  return item;
}

function isSaid(members: Map<string, string>, name: string): boolean {
  return (members.get(name) ?? "null") !== "null";
}

function membersOf(text: string | undefined): Map<string, string> {
  return text?.startsWith("{") ? memberTexts(text) : new Map();
}

function write(members: Map<string, string>): string {
  const written = Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `{${written.filter((member) => !member.startsWith('"writeKey":')).join(",")}}`;
}

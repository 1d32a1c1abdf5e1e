import type { ProfileStub } from "../../src/environment.ts";
import type { Event } from "../../src/events/event.ts";
import type { Failed, Ingested, ReadOptions, ReadResult } from "../../src/profile/contract.ts";
import { packLines } from "../../src/profile/lines.ts";
import type { Moved } from "../../src/profile/merge-contract.ts";

/** Hands events to an object; the short form of its answer is spelled out. */
export async function ingestInto(
  stub: Pick<ProfileStub, "ingest">,
  user: string,
  events: readonly Event[],
  origin?: string,
): Promise<Ingested | Moved | Failed> {
  const answer = await stub.ingest(user, packLines(events), origin);
  if (typeof answer !== "number") return answer;
  return {
    status: "ingested",
    version: answer,
    receipts: events.map(({ id }) => ({ id, status: "applied" })),
  };
}

/** Reads an object's profile, its answer taken apart. */
export async function readFrom(
  stub: Pick<ProfileStub, "read">,
  options?: ReadOptions,
): Promise<ReadResult | Moved | Failed> {
  const answer = await stub.read(options);
  if (typeof answer !== "string") return answer;
  const space = answer.indexOf(" ");
  return { status: "found", version: Number(answer.slice(0, space)), json: answer.slice(space + 1) };
}

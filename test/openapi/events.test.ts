import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/events/event.ts";
import { type Call, decideCall } from "../../src/events/segment-call.ts";
import { validate } from "../../src/events/validate.ts";
import { Contract } from "../contract/document.ts";

const contract = new Contract();
const NOW = Date.UTC(2026, 10, 25);

const VALUES: Json[] = [
  null,
  "x",
  "",
  ...[100, 101, 128, 129, 256, 257].map((length) => "x".repeat(length)),
  7,
  -1,
  1.5,
  true,
  {},
  { a: { b: [1] } },
  [],
  "2026-11-25T10:00Z",
  Date.UTC(2026, 0, 1),
];

/** A value for a member that JSON Schema has no words for, and what the validator alone refuses it for. */
const isOnlyForValidator = (member: string, value: Json) =>
  (member === "timestamp" && typeof value === "string") ||
  // What it may be is enough for another member that says the same.
  value === null;

describe("the documented event", () => {
  const base = { id: "e", userId: "u", anonymousId: "a", event: "Cart Viewed" };

  it.each(["id", "messageId", "userId", "event", "timestamp", "properties", "traits"])(
    "may have a %s that the validator takes, and no other",
    (member) => {
      for (const value of VALUES) {
        const event = { ...base, ...(member === "messageId" ? { id: null } : {}), [member]: value };
        const isDocumented = contract.faultsOfComponent("Event", event).length === 0;
        const isTaken = validate(event, 0, NOW).ok;
        const label = `${member} ${JSON.stringify(value).slice(0, 40)}`;
        if (isTaken || !isOnlyForValidator(member, value)) expect(isDocumented, label).toBe(isTaken);
      }
    },
  );
});

describe("the documented call of Segment's clients", () => {
  const base = {
    messageId: "m",
    userId: "u",
    event: "Cart Viewed",
    groupId: "g",
    previousId: "p",
    sentAt: "2026-11-25T10:00:00Z",
  };
  const members: [call: Call, members: string[]][] = [
    ["identify", ["messageId", "userId", "traits", "context"]],
    ["track", ["messageId", "event", "properties"]],
    ["page", ["properties", "name", "category"]],
    ["screen", ["properties", "name", "category"]],
    ["group", ["groupId", "traits"]],
    ["alias", ["userId", "previousId"]],
  ];

  it.each(members)("may have in %s any of %j that the validator takes", (type, names) => {
    for (const name of names) {
      for (const value of VALUES) {
        const call = { ...base, type, [name]: value };
        if (!decideCall(call, type, {}, 0, NOW).ok) continue;
        const label = `${name} ${JSON.stringify(value).slice(0, 40)}`;
        expect(contract.faultsOfComponent("SegmentCall", call), label).toEqual([]);
      }
    }
  });
});

it("each code that an event is rejected with is documented", () => {
  const folder = join(import.meta.dirname, "../../src/events");
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  const codes = sources.flatMap((text) => [...text.matchAll(/code: "([\w-]+)"/g)].map(([, code]) => code));
  const listed = [...new Set([...codes, "poison"])];
  const document: { components: { schemas: { RejectionCode: { enum: string[] } } } } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../openapi.json"), "utf8"),
  );
  expect(document.components.schemas.RejectionCode.enum.toSorted()).toEqual(listed.sort());
});

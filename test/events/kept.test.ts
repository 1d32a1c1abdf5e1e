import { expect, it } from "vitest";
import { type Format, formatNamed, formatOf } from "../../src/http/formats.ts";

const NOW = Date.UTC(2026, 10, 25);

function codeOf(format: Format | undefined, body: string): string | undefined {
  const decoded = format?.decode(body, NOW);
  if (decoded?.ok !== true) return decoded?.code;
  const [item] = decoded.items;
  return item?.ok === false ? item.rejection.code : "accepted";
}

const deep = `{"id":"e","properties":${'{"a":'.repeat(33)}1${"}".repeat(33)}}`;

// Found by the fuzz: each of these was refused for another reason, or accepted, when it was tried again.
it.each([
  ["an object as deep as a body may be", "application/json", deep, "too-deep"],
  [
    "a line after a no-break space",
    "application/x-ndjson",
    '\u00a0{"id":"e","userId":"u","event":"E"}\r\n',
    "json-malformed",
  ],
  ["a CloudEvent that is no object", "application/cloudevents-batch+json", '["text"]', "event-not-object"],
  ["a CloudEvent that is an array", "application/cloudevents-batch+json", "[[7]]", "event-not-object"],
])("%s is decided as it came when it is tried again", (_, type, body, code) => {
  const format = formatOf(type);
  expect(codeOf(format, body)).toBe(code);
  const [text = ""] = format?.textsOf(body, [0]) ?? [];
  const kept = formatNamed(format?.name ?? "");
  expect(codeOf(kept, kept?.bodyOf(text) ?? "")).toBe(code);
});

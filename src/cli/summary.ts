import { count, heading, number, table, tint } from "./draw.ts";
import { type ReplayResult, succeeded } from "./replay.ts";

const WORTH_A_LOOK = new Set(["late", "rejected", "unconfirmed"]);

/** What became of a file, as a text for people. */
export function drawSummary(result: ReplayResult): string {
  const rate = result.seconds > 0 ? result.events / result.seconds : 0;
  const lines = [
    heading(
      "Replayed",
      `${count(result.rows)} rows · ${count(result.events)} events of ${count(result.users.size)} users`,
    ),
    `  in ${number(result.seconds)} s, ${count(Math.round(rate))} events/s`,
    "",
  ];
  const outcomes = Object.entries(result.outcomes).map(([status, events]) => [
    WORTH_A_LOOK.has(status) ? tint("red", status) : status,
    count(events),
  ]);
  if (result.retried > 0) outcomes.push([tint("dim", "sent again"), count(result.retried)]);
  lines.push(...indent(table([["events", "count"], ...outcomes], "lr")));
  const skipped = Object.entries(result.skipped).sort((a, b) => b[1] - a[1]);
  if (skipped.length > 0) {
    lines.push(
      "",
      ...indent(
        table([["rows skipped", "count"], ...skipped.map(([reason, rows]) => [reason, count(rows)])], "lr"),
      ),
    );
  }
  for (const { status, code, count: events, detail, example } of result.codes.slice(0, 5)) {
    lines.push(
      "",
      `  ${tint("red", `${status} ${code}`)} (${count(events)}): ${detail}`,
      tint("dim", `    ${example}`),
    );
  }
  if (!succeeded(result)) {
    lines.push(
      "",
      result.complete
        ? tint("yellow", "  Some events were not taken. Running the same command again is harmless.")
        : tint(
            "yellow",
            "  The edge stopped answering. Run the same command again: what it has already is not applied twice.",
          ),
    );
  }
  return lines.join("\n");
}

/** The same for programs. */
export function summaryJson(result: ReplayResult): string {
  const { users, ...rest } = result;
  return JSON.stringify({
    ...rest,
    users: users.size,
    eventsPerSecond: result.events / result.seconds,
    ok: succeeded(result),
  });
}

function indent(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

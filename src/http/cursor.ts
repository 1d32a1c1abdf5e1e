import { Buffer } from "node:buffer";
import * as v from "valibot";

/** Where a page of events ended. */
export interface Position {
  time: number;
  id: string;
}

const Pair = v.strictTuple([v.pipe(v.number(), v.safeInteger()), v.string()]);

/** A position as text for a URL; opaque to clients, so that it may change. */
export function encodeCursor({ time, id }: Position): string {
  return Buffer.from(JSON.stringify([time, id])).toString("base64url");
}

/** The position of a cursor that `encodeCursor` made, or undefined. */
export function decodeCursor(cursor: string): Position | undefined {
  try {
    const parsed = v.safeParse(Pair, JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
    return parsed.success ? { time: parsed.output[0], id: parsed.output[1] } : undefined;
  } catch {
    return undefined;
  }
}

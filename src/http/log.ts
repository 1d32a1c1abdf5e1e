import type { Context } from "./context.ts";
import { requestId } from "./request-id.ts";

/** The only thing the edge ever logs: whoever may read logs may not read profiles. */
export function logCode(c: Context, code: string): void {
  console.error(JSON.stringify({ requestId: requestId(c), code }));
}

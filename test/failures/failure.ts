import type { NewFailure } from "../../src/failures/contract.ts";

/** A failure as the edge hands it over, an hour old. */
export function failure(members: Partial<NewFailure> = {}): NewFailure {
  return {
    status: "rejected",
    code: "user-missing",
    pointer: "",
    detail: "There is neither a userId nor an anonymousId: send one of them.",
    receivedAt: Date.now() - 3_600_000,
    route: "POST /v1/events",
    key: "write",
    format: "native",
    text: "{}",
    truncated: false,
    ...members,
  };
}

import { ACCESS } from "../http/auth.ts";
import { type Kind, PROBLEMS, type ProblemCode } from "../http/problems.ts";
import type { Converter } from "./json-schema.ts";
import { EVERYWHERE, type Operation } from "./operation.ts";
import { Problem } from "./values.ts";

/** In every response. */
export const REQUEST_ID = { $ref: "#/components/headers/RequestId" };
const RETRY_AFTER = { $ref: "#/components/headers/RetryAfter" };

/** In the order of the table of problems. */
const CODES = Object.keys(PROBLEMS);

/** Responses that several operations have: components, by status and, where there are several of one, by number. */
export class SharedResponses {
  readonly components: Record<string, object> = {};
  readonly #names = new Map<string, string>();

  /** Of all that the document will have. */
  constructor(responses: Iterable<[status: number, response: object]>) {
    const times = new Map<string, number>();
    for (const [status, response] of responses) {
      const json = JSON.stringify(response);
      const count = (times.get(json) ?? 0) + 1;
      times.set(json, count);
      if (count !== 2) continue;
      let name = `Problem${status}`;
      for (let i = 2; name in this.components; i++) name = `Problem${status}-${i}`;
      this.components[name] = response;
      this.#names.set(json, name);
    }
  }

  /** The response, or where it is. */
  refer(response: object): object {
    const name = this.#names.get(JSON.stringify(response));
    return name === undefined ? response : { $ref: `#/components/responses/${name}` };
  }
}

/** Responses by status, which name the codes that they can have. */
export function problemResponses(
  converter: Converter,
  route: string,
  operation: Operation,
): [number, object][] {
  const { problem = Problem } = operation;
  const codes = problemsOf(route, operation);
  return Array.from(
    Map.groupBy(codes, (code) => PROBLEMS[code].status),
    ([status, group]) => {
      const kinds = group.map((code): Kind => PROBLEMS[code]);
      const isRetry = kinds.some(({ retryAfter }) => retryAfter !== undefined);
      const description = group.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(" ");
      const schema = {
        ...converter.convert(problem),
        properties: { type: { enum: group.map((code) => `/problems/${code}`) } },
      };
      return [
        status,
        {
          description,
          headers: { "X-Request-Id": REQUEST_ID, ...(isRetry ? { "Retry-After": RETRY_AFTER } : {}) },
          content: { "application/problem+json": { schema } },
        },
      ];
    },
  );
}

/** All codes of an operation, in the order of the table of problems. */
export function problemsOf(route: string, { problems }: Operation): ProblemCode[] {
  const all = new Set<ProblemCode>([...problems, ...problemsOfAccess(route)]);
  return [...all].sort((a, b) => CODES.indexOf(a) - CODES.indexOf(b));
}

function problemsOfAccess(route: string): ProblemCode[] {
  const access = ACCESS[route];
  if (access === undefined || access === "anyone") return ["not-configured"];
  const kinds: readonly string[] = "inBody" in access ? access.inBody : access;
  return [
    "not-configured",
    ...EVERYWHERE,
    "key-missing",
    "key-unknown",
    "key-expired",
    "key-revoked",
    ...(kinds.includes("write") && kinds.includes("secret") ? [] : (["key-scope"] as const)),
    "key-origin",
    "rate-limited",
    "keys-unavailable",
    ...("inBody" in access ? [] : (["token-invalid", "token-scope"] as const)),
  ];
}

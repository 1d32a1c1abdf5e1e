import type { JsonSchema } from "@valibot/to-json-schema";
import { version } from "../../package.json";
import { ACCESS } from "../http/auth.ts";
import { type Kind, PROBLEMS, type ProblemCode } from "../http/problems.ts";
import { Event, EventsProblem, eventOperations, Receipt, RejectionCode } from "./events.ts";
import { Failure, failureOperations, ReplayReceipt } from "./failures.ts";
import { Converter } from "./json-schema.ts";
import { EVERYWHERE, type Operation, type Operations, type Parameter, TAGS } from "./operation.ts";
import { HistoryEvent, LiveMessage, Profile, profileOperations } from "./profiles.ts";
import { SegmentBatch, SegmentCall, segmentOperations } from "./segment.ts";
import { serviceOperations } from "./service.ts";
import { SpaceCursor, SpaceEvent, SpaceProblem, spaceOperations } from "./spaces.ts";
import { Cursor, Problem } from "./values.ts";

/*
 * The OpenAPI document, made of the schemas that validate requests. The Worker does not import it: `npm run openapi`
 * writes it to `openapi.json`, and a test says when that has to be done again.
 *
 * To add a route:
 *   1. export its request schema from its file in `src/http`, and give it an entry in the access table (`auth.ts`);
 *   2. describe it in a file of this folder: an `Operation` by its route, with the schemas of its answers and the codes
 *      of its problems. The problems of keys come from the access table. A new file is listed in OPERATIONS below;
 *   3. `npm run openapi`, and look at the difference;
 *   4. add an exchange for each status to `test/system/contract.test.ts`: it names those that are missing.
 * A schema that ends in a transformation is said by hand in `json-schema.ts`.
 */

/** What is documented, by route. */
export const OPERATIONS: Operations = {
  ...eventOperations,
  ...segmentOperations,
  ...profileOperations,
  ...spaceOperations,
  ...failureOperations,
  ...serviceOperations,
};

/** Schemas that are components of their own. */
const NAMED = {
  Cursor,
  Event,
  EventsProblem,
  Failure,
  HistoryEvent,
  LiveMessage,
  Problem,
  Profile,
  Receipt,
  RejectionCode,
  ReplayReceipt,
  SegmentBatch,
  SegmentCall,
  SpaceCursor,
  SpaceEvent,
  SpaceProblem,
};

const PATH_PARAMETERS: Record<string, string> = {
  id: "The profile's id: the userId, or anonymous:<anonymousId>.",
  eventId: "The event's id.",
  space: "Any name: a deployment is one space.",
  collection: "users; there are no others.",
  profile: "user_id:<userId> or anonymous_id:<anonymousId>.",
  writeKey: "The write key.",
  code: "What follows /problems/ in the type of a problem.",
  file: "A file of the page.",
};

/** The document, the same each time. */
export function makeDocument() {
  const converter = new Converter(NAMED);
  const problems = new Map(
    Object.entries(OPERATIONS).map(([route, operation]) => [
      route,
      problemResponses(converter, route, operation),
    ]),
  );
  const shared = new SharedResponses([...problems.values()].flat());
  const paths: Record<string, Record<string, object>> = {};
  for (const [route, operation] of Object.entries(OPERATIONS)) {
    const [method = "", path = ""] = route.split(" ");
    const template = path.replaceAll(/:(\w+)/g, "{$1}");
    paths[template] = {
      ...paths[template],
      [method.toLowerCase()]: {
        ...describe(converter, route, operation),
        responses: Object.fromEntries([
          ...answersOf(converter, operation),
          ...(problems.get(route) ?? []).map(([status, response]) => [status, shared.refer(response)]),
        ]),
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Limn",
      version,
      summary: "A live profile of each user at the edge.",
      description:
        "A write key may only send events, a secret key may do everything, a user token reads its user's profile. " +
        "Every answer has an X-Request-Id: the caller's own where it is plain. Every error is a problem (RFC 9457) that " +
        "says what is wrong, where, and what to do; what its type names can be read at /problems/{code}.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: converter.components,
      responses: shared.components,
      headers: {
        RequestId: {
          description: "The request's id, which the log has as well.",
          schema: { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" },
        },
        RetryAfter: {
          description: "When to send the request again, in seconds.",
          schema: { type: "integer", minimum: 1 },
        },
      },
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description: "A write or a secret key, or a user token (JWT).",
        },
        basicKey: { type: "http", scheme: "basic", description: "The key as the user name, no password." },
      },
    },
  };
}

export type Document = ReturnType<typeof makeDocument>;

function describe(converter: Converter, route: string, operation: Operation): object {
  const { id, tag, summary, description, query = [], headers = [], body } = operation;
  const parameters = [
    ...[...route.matchAll(/:(\w+)/g)].map(([, name = ""]) => pathParameter(name)),
    ...query.map((parameter) => describeParameter(converter, "query", parameter)),
    ...headers.map((parameter) => describeParameter(converter, "header", parameter)),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: ACCESS[route] === "anyone" ? [] : [{ key: [] }, { basicKey: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              Object.entries(body).map(([type, schema]) => [type, { schema: converter.convert(schema) }]),
            ),
          },
        }),
  };
}

/** Responses that are no problem. */
function answersOf(converter: Converter, operation: Operation): [string, object][] {
  return Object.entries(operation.answers).map(([status, { description, schema, type, headers = {} }]) => {
    const shape = schema === undefined ? { type: "string" } : converter.convert(schema);
    const isEmpty = schema === undefined && type === undefined;
    const content = isEmpty ? {} : { content: { [type ?? "application/json"]: { schema: shape } } };
    const own = Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: "string" } },
    ]);
    const all = { "X-Request-Id": REQUEST_ID, ...Object.fromEntries(own) };
    return [status, { description, headers: all, ...content }];
  });
}

const REQUEST_ID = { $ref: "#/components/headers/RequestId" };
const RETRY_AFTER = { $ref: "#/components/headers/RetryAfter" };

function pathParameter(name: string): object {
  const description = PATH_PARAMETERS[name];
  if (description === undefined)
    throw new Error(`the path parameter ${name} is not described in document.ts`);
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}

function describeParameter(converter: Converter, place: "query" | "header", parameter: Parameter): object {
  const { name, description } = parameter;
  const schema = converter.convertText(parameter.schema);
  const isList = resolve(converter, schema).type === "array";
  return { name, in: place, description, schema, ...(isList ? { style: "form", explode: false } : {}) };
}

function resolve(converter: Converter, schema: JsonSchema): JsonSchema {
  const name = schema.$ref?.replace("#/components/schemas/", "");
  return name === undefined ? schema : (converter.components[name] ?? schema);
}

/** Responses that several operations have: components, by status and, where there are several of one, by number. */
class SharedResponses {
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
function problemResponses(converter: Converter, route: string, operation: Operation): [number, object][] {
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
  return (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => all.has(code));
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

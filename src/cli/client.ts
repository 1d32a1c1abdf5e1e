import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { UserError } from "../data/user-error.ts";
import {
  EventsSchema,
  type ListedEvent,
  type ProfileAnswer,
  ProfileSchema,
  type RankAnswer,
  RankSchema,
  type RevokedKey,
  RevokedListSchema,
  RevokedSchema,
} from "./answers.ts";

/** Where the edge is and how it is spoken to. */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:8787`. */
  url: string;
  writeKey?: string;
  secretKey?: string;
  /** How often a request is sent before it is given up. */
  attempts?: number;
  /** The first wait without a Retry-After, in ms; it doubles with each attempt. */
  backoffMs?: number;
}

/** What became of an event in the end; `unconfirmed` when the edge never said. */
export interface Outcome {
  status: "applied" | "duplicate" | "late" | "rejected" | "suppressed" | "unconfirmed";
  code?: string;
  detail?: string;
}

/** What became of a batch. */
export interface Sent {
  /** In the batch's order. */
  outcomes: Outcome[];
  /** How many events had to be sent more than once. */
  retried: number;
  /** False when the last attempt got no answer at all: the edge is gone, not only some of its profiles. */
  answered: boolean;
}

const ReceiptsSchema = v.object({
  receipts: v.array(
    v.object({
      index: v.number(),
      status: v.picklist(["applied", "duplicate", "late", "rejected", "suppressed", "retry"]),
      code: v.optional(v.string()),
      detail: v.optional(v.string()),
    }),
  ),
});

const ProblemSchema = v.object({ detail: v.string(), remedy: v.optional(v.string()) });

type Answer = Partial<v.InferOutput<typeof ReceiptsSchema>> & { retryAfterMs?: number };

const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);
const REQUEST_TIMEOUT_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;

/** Speaks to the edge. Requests are repeated until they are answered; event ids make that harmless. */
export class Client {
  readonly url: string;
  readonly #options: ClientOptions;
  readonly #attempts: number;

  constructor(options: ClientOptions) {
    this.url = options.url.replace(/\/+$/, "");
    this.#options = options;
    this.#attempts = options.attempts ?? 8;
  }

  /** Sees that an edge is there. @throws UserError when none answers */
  async hello(): Promise<void> {
    try {
      const response = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(5000) });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // Told below: it does not matter how it failed.
    }
    throw new UserError(
      `no edge answers at ${this.url}`,
      "Start one with npm run serve, or name another with --url.",
    );
  }

  /** Sends events, each as its JSON text, and sends again what was not decided. */
  async send(events: readonly string[]): Promise<Sent> {
    const outcomes = events.map((): Outcome => ({ status: "unconfirmed" }));
    let pending = events.map((_, index) => index);
    const resent = new Set<number>();
    for (let attempt = 1; ; attempt++) {
      const { receipts, retryAfterMs } = await this.#post(pending.map((index) => events[index] ?? ""));
      const decided = new Set<number>();
      for (const { index: position, status, code, detail } of receipts ?? []) {
        const index = pending[position];
        if (index === undefined) continue;
        const outcome = status === "retry" ? "unconfirmed" : status;
        outcomes[index] = {
          status: outcome,
          ...(code !== undefined && { code }),
          ...(detail !== undefined && { detail }),
        };
        if (status !== "retry") decided.add(index);
      }
      pending = pending.filter((index) => !decided.has(index));
      if (pending.length === 0 || attempt === this.#attempts) {
        return { outcomes, retried: resent.size, answered: receipts !== undefined };
      }
      for (const index of pending) resent.add(index);
      await this.#wait(attempt, retryAfterMs);
    }
  }

  /** A profile, as of `at` (ms) when given; undefined when there is none. */
  async profile(user: string, at?: number): Promise<ProfileAnswer | undefined> {
    const query = at === undefined ? "" : `?at=${encodeURIComponent(new Date(at).toISOString())}`;
    return this.#read(ProfileSchema, `/v1/profiles/${encodeURIComponent(user)}${query}`);
  }

  /** The newest events of a user, at most `limit` (or some more, to a full page). */
  async events(user: string, limit: number): Promise<ListedEvent[]> {
    const found: ListedEvent[] = [];
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams({ limit: "200", ...(cursor !== undefined && { cursor }) });
      const page = await this.#read(EventsSchema, `/v1/profiles/${encodeURIComponent(user)}/events?${query}`);
      if (page === undefined) break;
      found.push(...page.data);
      cursor = page.cursor.next ?? undefined;
    } while (cursor !== undefined && found.length < limit);
    return found;
  }

  /** Candidates in the order of the user's likings, with the reasons; undefined when there is no such profile. */
  async rank(
    user: string,
    candidates: { id: string; properties: object }[],
  ): Promise<RankAnswer | undefined> {
    const body = JSON.stringify({ candidates, limit: candidates.length, explain: true });
    return this.#read(RankSchema, `/v1/profiles/${encodeURIComponent(user)}/rank`, body);
  }

  /** Revokes a key, or the key of an id. */
  async revoke(key: string): Promise<RevokedKey> {
    const revoked = await this.#read(RevokedSchema, "/v1/keys/revoke", JSON.stringify({ key }));
    return revoked ?? this.#isTooOld();
  }

  /** The revoked keys, newest first. */
  async revoked(): Promise<RevokedKey[]> {
    const list = await this.#read(RevokedListSchema, "/v1/keys/revoked");
    return (list ?? this.#isTooOld()).data;
  }

  #isTooOld(): never {
    throw new UserError(
      `${this.url} knows no keys that can be revoked`,
      "Check --url, or deploy a newer edge.",
    );
  }

  async #post(events: string[]): Promise<Answer> {
    const response = await this.#fetch("/v1/events", this.#options.writeKey, `[${events.join(",")}]`);
    if (response === undefined) return {};
    const isRetryable = RETRYABLE.has(response.status);
    const retryAfterMs = waitAsked(response);
    const text = await response.text();
    // A 422 has receipts when all events were rejected. A 503 has them too when it comes from the edge, and none when it
    // comes from something before it.
    const body = v.safeParse(v.pipe(v.string(), v.parseJson(), ReceiptsSchema), text);
    if (!body.success && !isRetryable) {
      if (!response.ok) throw refusal(response, text, "write");
      throw new UserError(`${this.url} does not answer with receipts`, "Check --url.");
    }
    return { ...(retryAfterMs !== undefined && { retryAfterMs }), ...(body.success && body.output) };
  }

  async #read<Schema extends v.GenericSchema>(
    schema: Schema,
    path: string,
    body?: string,
  ): Promise<v.InferOutput<Schema> | undefined> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#fetch(path, this.#options.secretKey, body);
      if (response?.ok) return v.parse(schema, await response.json());
      if (response?.status === 404) return undefined;
      if (response !== undefined && !RETRYABLE.has(response.status))
        throw refusal(response, await response.text(), "secret");
      if (attempt === this.#attempts) throw new UserError(`${this.url} does not answer`, "Try again later.");
      await this.#wait(attempt, response && waitAsked(response));
    }
  }

  /** Undefined when no answer came. */
  async #fetch(
    path: string,
    key: string | undefined,
    body: string | undefined,
  ): Promise<Response | undefined> {
    try {
      return await fetch(this.url + path, {
        headers: {
          ...(key && { authorization: `Bearer ${key}` }),
          ...(body && { "content-type": "application/json" }),
        },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body !== undefined && { method: "POST", body }),
      });
    } catch {
      return undefined;
    }
  }

  #wait(attempt: number, askedMs: number | undefined): Promise<void> {
    const backoffMs = (this.#options.backoffMs ?? 250) * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    return sleep(Math.min(askedMs ?? backoffMs, LONGEST_WAIT_MS));
  }
}

function waitAsked(response: Response): number | undefined {
  const header = response.headers.get("retry-after");
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** What the edge says about a request that it does not take: a problem (RFC 9457), or whatever there is. */
function refusal(response: Response, text: string, key: "write" | "secret"): UserError {
  const problem = v.safeParse(v.pipe(v.string(), v.parseJson(), ProblemSchema), text);
  const said = problem.success ? problem.output.detail : text.slice(0, 300);
  const message = `${new URL(response.url).pathname} answered ${response.status}: ${said}`;
  if (response.status !== 401 && response.status !== 403) {
    return new UserError(
      message,
      (problem.success && problem.output.remedy) || "Check the request, and --url.",
    );
  }
  const name = `LIMN_${key.toUpperCase()}_KEY`;
  return new UserError(message, `Give the ${key} key of this edge: with --${key}-key, ${name} or .dev.vars.`);
}

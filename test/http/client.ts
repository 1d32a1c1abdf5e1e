import { env, exports } from "cloudflare:workers";

export const WRITE = env.WRITE_KEY ?? "";
export const SECRET = env.SECRET_KEY ?? "";

/** A user no other test has: storage is shared within a file. */
export const someone = (): string => `user-${crypto.randomUUID()}`;

export interface Options {
  /** The secret key unless given; null for none. */
  key?: string | null;
  headers?: Record<string, string>;
  /** A string or stream is sent as it is, anything else as JSON. */
  body?: unknown;
}

export function request(
  method: string,
  path: string,
  { key = SECRET, headers = {}, body }: Options = {},
): Request {
  const all = new Headers(headers);
  if (key !== null) all.set("Authorization", `Bearer ${key}`);
  if (body === undefined) return new Request(`https://limn.test${path}`, { method, headers: all });
  if (!all.has("Content-Type")) all.set("Content-Type", "application/json");
  const raw = typeof body === "string" || body instanceof ReadableStream || body instanceof Uint8Array;
  return new Request(`https://limn.test${path}`, {
    method,
    headers: all,
    body: raw ? body : JSON.stringify(body),
  });
}

/** Sends a request to the Worker. */
export function call(method: string, path: string, options?: Options): Promise<Response> {
  return exports.default.fetch(request(method, path, options));
}

export function send(events: unknown, options: Options = {}): Promise<Response> {
  return call("POST", "/v1/events", { ...options, body: events });
}

export const profilePath = (user: string): string => `/v1/profiles/${encodeURIComponent(user)}`;

/** An event as clients send it. */
export function view(user: string, id: string, members: object = {}): Record<string, unknown> {
  const properties = { product_id: "p1", category: "shoes", price: 50 };
  return {
    id,
    userId: user,
    event: "Product Viewed",
    timestamp: "2026-11-01T10:00:00Z",
    properties,
    ...members,
  };
}

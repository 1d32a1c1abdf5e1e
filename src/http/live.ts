import { Hono } from "hono";
import * as v from "valibot";
import type { ProfileStub } from "../environment.ts";
import { isProfileId } from "../events/validate.ts";
import type { Failed, LiveRefused } from "../profile/contract.ts";
import type { Moved } from "../profile/merge-contract.ts";
import { answerText } from "./answer.ts";
import type { App, Context } from "./context.ts";
import { ask } from "./objects.ts";
import { problem } from "./problems.ts";
import { Fields } from "./profiles.ts";
import { readQuery, whole } from "./query.ts";
import { REQUEST_ID, requestId } from "./request-id.ts";
import { eventStream } from "./sse.ts";

export const LiveRequest = v.strictObject({
  fields: v.optional(Fields),
  /** The version of the copy that the reader has. */
  since: v.optional(whole(0, 999_999_999)),
  /** Read by `auth.ts`: a browser can give neither of the two ways a header. */
  token: v.optional(v.string()),
});

/**
 * `GET /v1/profiles/:id/live`: the profile and then each change of it, as a WebSocket or as server-sent events; what is
 * said on either: `profile/live.ts`. Whoever has no profile yet can be waited for.
 */
export const live = new Hono<App>().get("/v1/profiles/:id/live", async (c) => {
  const way = wayOf(c);
  if (way === undefined) return problem(c, { code: "upgrade-required", headers: { Upgrade: "websocket" } });
  // Nothing else does: a browser lets any page open a WebSocket anywhere, and read it.
  if (way === "websocket" && !isOwn(c)) return problem(c, { code: "origin-foreign" });
  const query = readQuery(c, LiveRequest);
  if (!query.ok) return problem(c, query.failure);
  const id = c.req.param("id");
  if (!isProfileId(id)) return problem(c, { code: "profile-unknown" });

  const { fields } = query.value;
  const since = (way === "events" ? lastEventId(c) : undefined) ?? query.value.since;
  const asked = await ask(c, id, (profile, at) =>
    // Where a merge leads on, the versions are another profile's.
    open(profile, fields, at === id ? since : undefined, { key: c.get("keyId"), until: c.get("until") }),
  );
  if (!asked.ok) return problem(c, asked.failure);
  if (asked.value.status === "full") {
    const detail = `The profile has ${asked.value.most} readers already.`;
    return problem(c, { code: "too-many-readers", detail });
  }
  const { socket } = asked.value;
  if (way === "websocket") {
    const headers = { [REQUEST_ID]: requestId(c) };
    return new Response(null, { status: 101, webSocket: socket, headers });
  }
  return answerText(c, eventStream(socket), 200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    // Reverse proxies would collect the events otherwise.
    "X-Accel-Buffering": "no",
  });
});

function wayOf(c: Context): "websocket" | "events" | undefined {
  // Hono answers HEAD by GET and drops the body; this one would go on.
  if (c.req.raw.method !== "GET") return undefined;
  if (c.req.header("Upgrade")?.toLowerCase() === "websocket") return "websocket";
  return c.req.header("Accept")?.toLowerCase().includes("text/event-stream") ? "events" : undefined;
}

/** Whether the page that opens a WebSocket is of this host or one of `LIVE_ORIGINS`. Servers send no Origin. */
function isOwn(c: Context): boolean {
  const origin = c.req.header("Origin");
  if (origin === undefined) return true;
  if (c.env.LIVE_ORIGINS?.split(/\s+/).includes(origin)) return true;
  // Hosts, not origins: behind a proxy that ends TLS the two schemes differ.
  return URL.parse(origin)?.host === new URL(c.req.url).host;
}

/** The version of the last event a browser got before it lost the connection. */
function lastEventId(c: Context): number | undefined {
  const id = c.req.header("Last-Event-ID");
  return id !== undefined && /^[0-9]{1,15}$/.test(id) ? Number(id) : undefined;
}

type Opened = { status: "open"; socket: WebSocket } | LiveRefused | Moved | Failed;

/**
 * A reader's socket from the object, which ends it with the key (its id) or token. The request names nobody: its address
 * can show up in traces.
 */
async function open(
  profile: ProfileStub,
  fields: string[] | undefined,
  since: number | undefined,
  { key, until }: { key: string | undefined; until: number | undefined },
): Promise<Opened> {
  const query = new URLSearchParams({
    ...(fields === undefined ? {} : { fields: fields.join(",") }),
    ...(since === undefined ? {} : { since: String(since) }),
    ...(key === undefined ? {} : { key }),
    ...(until === undefined ? {} : { until: String(until) }),
  });
  const response = await profile.fetch(`https://profile/live?${query}`, {
    headers: { Upgrade: "websocket" },
  });
  if (response.webSocket !== null) return { status: "open", socket: response.webSocket };
  const refused: LiveRefused | Moved | Failed = await response.json();
  return refused;
}

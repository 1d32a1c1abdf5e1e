import { readFileSync } from "node:fs";
import fc from "fast-check";
import { SignJWT } from "jose";
import { mintKey } from "../src/keys/key.ts";
import { type Answer, exchange, hangUp } from "./exchange.ts";
import { type Credentials, requests, type Sent } from "./requests.ts";

/** An edge that is served for the fuzz, and what opens it. */
export interface Target {
  url: string;
  pid: number;
  keySecret: string;
  secretKey: string;
  writeKey: string;
  tokens: { secret: string; issuer: string; audience: string };
}

export interface WorkerRun {
  requests: number;
  /** How many were answered with each status; 0 for those whose length was a lie. */
  statuses: Record<string, number>;
  slowest: { ms: number; request: string };
  /** What does not hold, with the request that showed it. */
  wrong: string[];
  /** Of the process, in bytes, after the first half and at the end. */
  residentBytes: { before: number; after: number };
}

/**
 * What the process may have in memory: the runtime, a heap that it lets grow before it collects, and the objects that
 * were asked lately. All of that is there after some ten thousand requests; from then on it may not grow.
 */
const MOST_BYTES = 512 * 1024 * 1024;
const SETTLED = 20_000;
const MOST_GROWTH = 1.2;
const MOST_MS = 1000;
const AT_ONCE = 4;
const CHUNK = 200;
/** The codes of 503 and 507 that a client can bring about: all others mean that something broke. */
const BUSY = ["merging", "overloaded", "revocations-full"];

/** Sends requests to a served edge, as many routes as there are, and looks at each answer. */
export async function fuzzWorker(
  target: Target,
  count: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<WorkerRun> {
  const run: WorkerRun = {
    requests: 0,
    statuses: {},
    slowest: { ms: 0, request: "" },
    wrong: [],
    residentBytes: { before: 0, after: 0 },
  };
  const arbitrary = requests(await credentialsFor(target));
  for (let done = 0; done < count; done += CHUNK) {
    const size = Math.min(CHUNK, count - done);
    const queue = fc.sample(arbitrary, { numRuns: size, seed: seed * 1000 + done });
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(target.url, queue, run)));
    if (run.residentBytes.before === 0 && done + size >= count / 2)
      run.residentBytes.before = resident(target.pid);
    progress(done + size);
  }
  const { before } = run.residentBytes;
  const after = resident(target.pid);
  run.residentBytes.after = after;
  const most = count < SETTLED ? MOST_BYTES : Math.min(MOST_BYTES, before * MOST_GROWTH);
  if (after > most) run.wrong.push(`the process has ${after} bytes in memory, ${before} at half time`);
  await checkGood(target, run);
  hangUp();
  return run;
}

async function work(url: string, queue: Sent[], run: WorkerRun): Promise<void> {
  for (let sent = queue.pop(); sent !== undefined; sent = queue.pop()) {
    run.requests++;
    const line = `${sent.method} ${sent.path.slice(0, 200)}`;
    try {
      const answer = await exchange(url, sent);
      run.statuses[answer.status] = (run.statuses[answer.status] ?? 0) + 1;
      const timed = answer.status > 0;
      if (timed && answer.ms > run.slowest.ms)
        run.slowest = { ms: answer.ms, request: `${line} ${answer.status}` };
      for (const what of faultsOf(sent, answer)) note(run, what, sent);
    } catch (error) {
      note(run, error instanceof Error ? error.message : String(error), sent);
    }
  }
}

/** What is wrong with an answer, whatever was asked. */
function faultsOf(sent: Sent, { status, header, text, ms }: Answer): string[] {
  if (status === 0) return [];
  const faults: string[] = [];
  if (ms > MOST_MS) faults.push(`it took ${ms.toFixed(0)} ms`);
  if (header("x-request-id") === undefined) faults.push(`${status} without X-Request-Id`);
  if (text.includes('"code":"unavailable"')) faults.push("an object threw");
  if (text.includes('"probability":null')) faults.push("a score is no number");
  if (text.includes('"code":"poison"')) faults.push("an event was poison");
  if (status < 400 || sent.method === "HEAD") return faults;
  const type = header("content-type");
  if (type !== "application/problem+json") return [...faults, `${status} as ${type}: ${text.slice(0, 200)}`];
  const problem: Record<string, unknown> = JSON.parse(text);
  const code = String(problem.type).replace("/problems/", "");
  const isWhole =
    problem.status === status && [problem.title, problem.detail, problem.remedy].every((part) => part);
  if (!isWhole) faults.push(`${status} is not a whole problem: ${text.slice(0, 300)}`);
  if (status >= 500 && !BUSY.includes(code)) faults.push(`${status} ${code}: ${text.slice(0, 300)}`);
  return faults;
}

function note(run: WorkerRun, what: string, sent: Sent): void {
  const { method, path, headers, body, lie } = sent;
  const shown = headers.map(
    ([name, value]) => `${name}: ${name === "authorization" ? "…" : value.slice(0, 80)}`,
  );
  const content =
    typeof body === "string" ? body.slice(0, 4000) : body && Buffer.from(body).toString("base64");
  run.wrong.push(
    `${what}\n  ${method} ${path.slice(0, 300)}\n  ${shown.join("; ")} ${lie ?? ""}\n  ${content ?? ""}`,
  );
}

/** The edge still takes a good event and shows it. */
async function checkGood({ url, secretKey }: Target, run: WorkerRun): Promise<void> {
  const headers: [string, string][] = [
    ["authorization", `Bearer ${secretKey}`],
    ["content-type", "application/json"],
  ];
  const user = `after-${crypto.randomUUID()}`;
  const body = JSON.stringify({
    id: "good",
    userId: user,
    event: "Product Viewed",
    properties: { price: 7 },
  });
  const taken = await exchange(url, { method: "POST", path: "/v1/events", headers, body });
  const shown = await exchange(url, {
    method: "GET",
    path: `/v1/profiles/${user}`,
    headers,
    body: undefined,
  });
  const fine = taken.text.includes('"status":"applied"') && shown.text.includes('"events":1,');
  if (!fine)
    run.wrong.push(`the edge serves no more: ${taken.status} ${taken.text}, ${shown.status} ${shown.text}`);
}

async function credentialsFor({ keySecret, secretKey, writeKey, tokens }: Target): Promise<Credentials> {
  const { secret, issuer, audience } = tokens;
  const token = (scope: string, of = audience, until = "1h") =>
    new SignJWT({ scope })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer(issuer)
      .setAudience(of)
      .setSubject("ann")
      .setIssuedAt()
      .setExpirationTime(until)
      .sign(new TextEncoder().encode(secret));
  const good = await token("read live");
  const [, claims = "", signature = ""] = good.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  return {
    secret: secretKey,
    write: writeKey,
    spare: mintKey(keySecret, { kind: "write" }),
    tokens: [
      good,
      await token("live"),
      await token("read", "other"),
      await token("read", audience, "1s ago"),
    ].concat([`${none}.${claims}.`, `${none}.${claims}.${signature}`, `a.${claims}.${signature}`]),
  };
}

/** What of the process is in memory. */
function resident(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1]) * 1024;
}

import { describe, expect, it } from "vitest";
import { call, profilePath, send, someone, view } from "./client.ts";
import { said } from "./said.ts";

/*
 * The list of hostile inputs, by the list's own words and with its status. Which of them stand elsewhere, by name:
 *
 *   body over the limit (413, reading stops), gzip bomb, truncated gzip,
 *   unknown encoding, invalid UTF-8, depth 10,000                          body.test.ts
 *   100 requests at once about one user, too many in flight               objects.test.ts
 *   keys, JWTs, another user's profile, foreign WebSocket Origin           hostile-callers.test.ts
 *   flood (429 + Retry-After), by key and by user                         rate.test.ts
 *   the walk of every route with every kind of credential                 walk.test.ts
 *   JWT in all its forgeries, one by one                                  user-tokens.test.ts
 *   each item's code and pointer                                          test/events/validate.test.ts
 *
 * A webhook to a private address there is not: nothing here sends to an address that a request names.
 */

const NOW = Date.now();

const text = (members: string) => `{"id":"e","userId":"${someone()}","event":"E",${members}}`;
const properties = (members: string) => text(`"properties":{${members}}`);
const ofUser = (userId: string) => `{"id":"e","userId":${userId},"event":"E"}`;

describe("a body", () => {
  it.each([
    ["application/xml", 415],
    ["application/x-www-form-urlencoded", 415],
    ["multipart/form-data; boundary=x", 415],
    ["application/json; charset=utf-16", 415],
    ["text/plain", 200],
  ])("of the content type %s is answered with %i", async (type, status) => {
    const body = JSON.stringify(view(someone(), "e"));
    const response = await call("POST", "/v1/events", { body, headers: { "Content-Type": type } });
    expect(response.status).toBe(status);
  });

  it.each(["{", '{"id":"e",}', "[{}", "{}{}", "NaN", "", "'text'", "\u0000"])(
    "of malformed JSON, %j, is 400",
    async (body) => expect(await said(await send(body))).toEqual([400, "json-malformed"]),
  );

  it("with one bad NDJSON line fails that line only", async () => {
    const user = someone();
    const body = [view(user, "a"), "{", view(user, "b")]
      .map((line) => (typeof line === "string" ? line : JSON.stringify(line)))
      .join("\n");
    const response = await call("POST", "/v1/events", {
      body,
      headers: { "Content-Type": "application/x-ndjson" },
    });
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject({
      receipts: [
        { status: "applied" },
        { status: "rejected", code: "json-malformed" },
        { status: "applied" },
      ],
    });
  });

  it("of 2,501 events or of 501 users is 413", async () => {
    const event = '{"id":"e","userId":"u","event":"E"}';
    expect(await said(await send(`[${Array(2501).fill(event)}]`))).toEqual([413, "too-many-events"]);
    const users = Array.from({ length: 501 }, (_, i) => `{"id":"e","userId":"u${i}","event":"E"}`);
    expect(await said(await send(`[${users}]`))).toEqual([413, "too-many-users"]);
  });
});

const TOO_DEEP = `${'{"a":'.repeat(31)}{}${"}".repeat(31)}`;
const keys = (count: number) => Array.from({ length: count }, (_, i) => `"k${i}":1`).join(",");

describe("an event that cannot be one is 422 and nothing is kept of it:", () => {
  it.each([
    ["lone surrogates in a value", properties('"s":"\\ud800"'), "text-invalid"],
    ["lone surrogates in a key", properties('"\\udc00":1'), "text-invalid"],
    ["lone surrogates in an id", '{"id":"\\ud800","userId":"u","event":"E"}', "text-invalid"],
    ["1e400", properties('"n":1e400'), "number-out-of-range"],
    ["f32 overflow", properties('"n":3.4028235e39'), "number-out-of-range"],
    ["f32 overflow below zero, within a list", properties('"n":[{"m":-1e39}]'), "number-out-of-range"],
    ["a numeric id", '{"id":7,"userId":"u","event":"E"}', "id-invalid"],
    ["a numeric user id", ofUser("42"), "user-invalid"],
    ["a messageId of 101 characters", `{"id":"${"x".repeat(101)}","userId":"u","event":"E"}`, "id-invalid"],
    ["a timestamp of 1970", text('"timestamp":"1970-01-01T00:00:00Z"'), "time-too-early"],
    ["a timestamp of 9999", text('"timestamp":"9999-12-31T23:59:59Z"'), "time-in-future"],
    ["a timestamp an hour and more ahead", text(`"timestamp":${NOW + 4_000_000}`), "time-in-future"],
    ["February 30", text('"timestamp":"2026-02-30T10:00:00Z"'), "time-invalid"],
    ["a timestamp without a zone", text('"timestamp":"2026-11-01T10:00:00"'), "time-invalid"],
    ["an empty user id", ofUser('""'), "user-invalid"],
    ['the user id "null"', ofUser('"null"'), "user-invalid"],
    ['the user id "undefined"', ofUser('"undefined"'), "user-invalid"],
    ["a user id of 10 kB", ofUser(`"${"x".repeat(10_000)}"`), "user-invalid"],
    ["an array for a user id", ofUser('["u"]'), "user-invalid"],
    ["301 keys", properties(keys(301)), "too-many-keys"],
    ["100,000 distinct keys", properties(keys(100_000)), "event-too-large"],
    ["more than 32 kB", properties(`"s":"${"x".repeat(33_000)}"`), "event-too-large"],
    ["depth 33", text(`"properties":${TOO_DEEP}`), "too-deep"],
  ])("%s", async (_, body, code) => {
    expect(await said(await send(body))).toEqual([422, code]);
    const user = /"userId":"([^"]{1,100})"/.exec(body)?.[1];
    if (user?.startsWith("user-")) expect((await call("GET", profilePath(user))).status).toBe(404);
  });

  it("and in a batch it alone: 207", async () => {
    const response = await send([view(someone(), "e"), { id: 7 }]);
    expect(response.status).toBe(207);
  });

  it("a batch of nothing else has a receipt for each", async () => {
    const response = await send([{ id: "a" }, 7]);
    expect([response.status, await response.json()]).toMatchObject([
      422,
      {
        type: "/problems/events-rejected",
        receipts: [
          { index: 0, id: "a", status: "rejected", code: "user-missing" },
          { index: 1, status: "rejected", code: "event-not-object" },
        ],
      },
    ]);
  });
});

describe("what is odd but data", () => {
  it("is a timestamp less than an hour ahead", async () => {
    expect((await send(text(`"timestamp":${Date.now() + 3_500_000}`))).status).toBe(200);
  });

  it("is −0, which becomes 0", async () => {
    const user = someone();
    await send(`{"id":"e","userId":"${user}","event":"E","properties":{"n":-0,"l":[-0.0]}}`);
    expect(await (await call("GET", `${profilePath(user)}/events`)).text()).toContain('{"n":0,"l":[0]}');
  });

  it("are the keys __proto__ and constructor, which are inert", async () => {
    const user = someone();
    const odd = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}';
    await send(
      `{"id":"e","userId":"${user}","event":"E","properties":${odd},"traits":${odd},"__proto__":{"id":"x"}}`,
    );
    const events = await (await call("GET", `${profilePath(user)}/events`)).text();
    expect(events).toContain(`"properties":${odd},"traits":${odd}`);
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("admin");
    const { traits }: { traits: object } = await (await call("GET", profilePath(user))).json();
    expect(Object.keys(traits)).toEqual(["__proto__", "constructor"]);
  });

  it("are ids in NFC and NFD, which are two users", async () => {
    const end = crypto.randomUUID();
    const [composed, decomposed] = [`caf\u00e9-${end}`, `cafe\u0301-${end}`];
    await send(view(composed, "e"));
    expect((await call("GET", profilePath(composed))).status).toBe(200);
    expect((await call("GET", profilePath(decomposed))).status).toBe(404);
  });

  it.each([
    ["SQL", "'); DROP TABLE page; DELETE FROM head; --"],
    ["HTML", '<script>alert("x")</script><img src=x onerror=alert(1)>'],
    ["a template", "{{constructor.constructor('return process')()}} %s%n"],
  ])("is %s in ids, names, properties and traits: stored, and answered as JSON", async (_, odd) => {
    const user = `${odd}-${crypto.randomUUID()}`;
    const event = {
      id: odd,
      userId: user,
      event: odd,
      properties: { [odd]: odd, category: odd },
      traits: { [odd]: odd },
    };
    expect((await send(event)).status).toBe(200);
    const profile = await call("GET", profilePath(user));
    expect(profile.headers.get("Content-Type")).toBe("application/json");
    expect(await profile.json()).toMatchObject({ id: user, events: 1, traits: { [odd]: { value: odd } } });
    const events = await call("GET", `${profilePath(user)}/events?event=${encodeURIComponent(odd)}`);
    expect(await events.json()).toMatchObject({
      data: [{ id: odd, event: odd, properties: { [odd]: odd } }],
    });
    const erased = await call("DELETE", `${profilePath(user)}/events/${encodeURIComponent(odd)}`);
    expect(erased.status).toBe(200);
  });
});

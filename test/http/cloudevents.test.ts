import { CloudEvent, emitterFor, HTTP, type Message, Mode } from "cloudevents";
import { describe, expect, it } from "vitest";
import { call, profilePath, send, someone, WRITE } from "./client.ts";

interface Answer {
  receipts: {
    index: number;
    id?: string;
    status: string;
    code?: string;
    pointer?: string;
    version?: number;
  }[];
}

/** The package hands out what is to be sent and leaves the sending to its user. */
async function post({ headers, body }: Message<unknown>): Promise<Response> {
  const all = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  return send(String(body), { key: WRITE, headers: Object.fromEntries(all) });
}

const receiptsOf = async (response: Response) => (await response.json<Answer>()).receipts;

async function eventsOf(user: string): Promise<Record<string, unknown>[]> {
  const response = await call("GET", `${profilePath(user)}/events?limit=200`);
  return (await response.json<{ data: Record<string, unknown>[] }>()).data;
}

const viewed = (user: string, id: string, members: object = {}) =>
  new CloudEvent({
    id,
    source: "https://shop.example/web",
    type: "Product Viewed",
    time: "2026-11-01T10:00:00.000Z",
    subject: user,
    data: { product_id: "p1", category: "shoes", price: 50 },
    ...members,
  });

describe("the cloudevents package", () => {
  it.each([Mode.BINARY, Mode.STRUCTURED])(
    "emits in %s mode, and the profile shows exactly what it sent",
    async (mode) => {
      const user = someone();
      const emit = emitterFor(post, { mode });
      for (let i = 0; i < 20; i++) {
        const response = await emit(viewed(user, `e-${i}`));
        expect(response).toMatchObject({ status: 200 });
      }
      expect(await eventsOf(user)).toHaveLength(20);
      const profile = await (await call("GET", profilePath(user))).json();
      expect(profile).toMatchObject({
        events: 20,
        interests: { category: { top: [{ key: "shoes" }] } },
        numbers: { price: { count: 20, sum: 1000 } },
      });
    },
  );

  it("sends a batch", async () => {
    const user = someone();
    const events = Array.from({ length: 100 }, (_, i) => viewed(user, `e-${i}`));
    const headers = { "Content-Type": "application/cloudevents-batch+json; charset=utf-8" };
    const receipts = await receiptsOf(await post({ headers, body: JSON.stringify(events) }));
    expect(receipts).toHaveLength(100);
    expect(receipts.every(({ status }) => status === "applied")).toBe(true);
    expect(await eventsOf(user)).toHaveLength(100);
  });

  it("may send an event again in any mode: it is applied once, but of another source it is another", async () => {
    const user = someone();
    const event = viewed(user, "e-1");
    const statuses = [];
    for (const message of [HTTP.binary(event), HTTP.structured(event), HTTP.binary(event)]) {
      statuses.push(...(await receiptsOf(await post(message))).map(({ status }) => status));
    }
    const other = viewed(user, "e-1", { source: "https://shop.example/app" });
    statuses.push(...(await receiptsOf(await post(HTTP.binary(other)))).map(({ status }) => status));
    expect(statuses).toEqual(["applied", "duplicate", "duplicate", "applied"]);
    expect(await eventsOf(user)).toHaveLength(2);
  });

  it("names the user in an extension attribute, and declares traits with the source they came from", async () => {
    const user = someone();
    const data = { traits: { plan: "pro" } };
    await post(HTTP.binary(viewed("someone-else", "e-1", { userid: user, data })));
    const profile = await (await call("GET", profilePath(user))).json();
    expect(profile).toMatchObject({
      traits: { plan: { value: "pro", source: "https://shop.example/web" } },
    });
  });

  it("sends data that is no JSON in vain: the receipt says so", async () => {
    const event = viewed(someone(), "e-1", { datacontenttype: "text/xml", data: "<order/>" });
    for (const message of [HTTP.binary(event), HTTP.structured(event)]) {
      const response = await post(message);
      expect(response.status).toBe(422);
      expect(await receiptsOf(response)).toMatchObject([
        { status: "rejected", code: "datacontenttype-unsupported", pointer: "/datacontenttype" },
      ]);
    }
  });
});

describe("a CloudEvent in binary mode", () => {
  const headers = (user: string) => ({
    "ce-specversion": "1.0",
    "ce-id": "e-1",
    "ce-source": "/shop",
    "ce-type": "Cart%20Viewed",
    "ce-subject": user,
  });

  it("may have no data, and percent-encoded attributes", async () => {
    const user = `ü ${someone()}`;
    const response = await call("POST", "/v1/events", { headers: headers(encodeURIComponent(user)) });
    expect(await receiptsOf(response)).toMatchObject([{ id: "/shop e-1", status: "applied" }]);
    expect(await eventsOf(user)).toMatchObject([{ event: "Cart Viewed", properties: {} }]);
  });

  it("with a header that is not UTF-8, or JSON that is broken, is refused", async () => {
    const refusal = async (more: object, body: string) => {
      const response = await send(body, { headers: { ...headers(someone()), ...more } });
      return [response.status, (await response.json<{ type: string }>()).type];
    };
    expect(await refusal({ "ce-type": "%FF" }, "{}")).toEqual([400, "/problems/header-malformed"]);
    expect(await refusal({ "ce-type": "é" }, "{}")).toEqual([400, "/problems/header-malformed"]);
    expect(await refusal({}, "{")).toEqual([400, "/problems/json-malformed"]);
    expect(await refusal({ "Content-Type": "text/xml; charset=latin1" }, "{")).toEqual([
      422,
      "/problems/events-rejected",
    ]);
  });

  it("that lacks an attribute is rejected, not taken for an event of our own form", async () => {
    const { "ce-specversion": _, ...rest } = headers(someone());
    const native = { id: "n-1", userId: "u", event: "E" };
    expect(await receiptsOf(await send(native, { headers: rest }))).toMatchObject([
      { status: "rejected", code: "specversion-unsupported" },
    ]);
  });

  it("is the structured one when its content type says so", async () => {
    const user = someone();
    const event = viewed(user, "structured");
    const type = { "Content-Type": "application/cloudevents+json" };
    await send(event.toString(), { headers: { ...headers("nobody"), ...type } });
    expect(await eventsOf(user)).toHaveLength(1);
  });

  it("that failed is kept in structured form, found by its user, and can be replayed", async () => {
    const user = someone();
    const ahead = new Date(Date.now() + 3_600_000 + 1_500).toISOString();
    const response = await send({ value: 7 }, { headers: { ...headers(user), "ce-time": ahead } });
    expect(await receiptsOf(response)).toMatchObject([
      { status: "rejected", code: "time-in-future", pointer: "/time" },
    ]);

    const listed = await (await call("GET", `/v1/failures?user=${user}`)).json<{ data: { id: string }[] }>();
    expect(listed.data).toMatchObject([
      {
        event: { specversion: "1.0", subject: user, type: "Cart Viewed", data: { value: 7 } },
        source: { format: "cloudevents" },
      },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    const replayed = await call("POST", "/v1/failures/replay", {
      body: { ids: listed.data.map(({ id }) => id) },
    });
    expect(await receiptsOf(replayed)).toMatchObject([{ id: "/shop e-1", status: "applied" }]);
    expect(await eventsOf(user)).toMatchObject([{ event: "Cart Viewed", properties: { value: 7 } }]);
  });
});

describe("a batch of CloudEvents", () => {
  const batch = { "Content-Type": "application/cloudevents-batch+json" };

  it("has a receipt for each, and keeps what failed", async () => {
    const user = someone();
    const bad = { ...viewed(user, "bad").toJSON(), type: "" };
    const response = await send([viewed(user, "good"), bad], { headers: batch });
    expect(response.status).toBe(207);
    expect(await receiptsOf(response)).toMatchObject([
      { index: 0, status: "applied" },
      { index: 1, status: "rejected", code: "cloudevent-incomplete", pointer: "/type" },
    ]);
    const listed = await (await call("GET", `/v1/failures?user=${user}`)).json();
    expect(listed).toMatchObject({ data: [{ event: { id: "bad" } }] });
  });

  it.each(["application/cloudevents", "application/cloudevents+xml", "application/cloudevents+avro"])(
    "and an event as %s is refused by its content type",
    async (type) => {
      const response = await send("{}", { headers: { "Content-Type": type, "ce-id": "e-1" } });
      expect(response.status).toBe(415);
      expect(response.headers.get("Accept-Post")).toContain("application/cloudevents+json");
    },
  );
});

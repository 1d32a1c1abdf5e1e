import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KEYS, readFields, serve, type TestEdge } from "./edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await serve();
});
afterAll(() => edge.remove());

/** The client as it comes: host and key are all that is set. */
const emitter = (mode: Mode.BINARY | Mode.STRUCTURED) => {
  const emit = emitterFor(httpTransport(`${edge.url}/v1/events`), { mode });
  const headers = { Authorization: `Bearer ${KEYS.WRITE_KEY}` };
  return (event: CloudEvent<unknown>) => emit(event, { headers });
};

describe.each([Mode.BINARY, Mode.STRUCTURED] as const)("the cloudevents client in %s mode", (mode) => {
  it("sends identify and 100 events, and the profile shows exactly them, also when all are sent again", async () => {
    const user = `ann ${mode}`;
    const source = "https://shop.example/web";
    const events = [
      new CloudEvent({ source, type: "Identify", userid: user, data: { traits: { city: "Zürich" } } }),
      ...Array.from(
        { length: 100 },
        (_, i) =>
          new CloudEvent({
            source,
            type: "Product Viewed",
            subject: user,
            data: { category: "Shoes", price: i },
          }),
      ),
    ];
    for (const time of ["first", "again"]) {
      for (const event of events) {
        expect(await emitter(mode)(event)).toMatchObject({
          body: expect.stringContaining(time === "first" ? '"applied"' : '"duplicate"'),
        });
      }
    }
    expect(await readFields(edge, user, "fields=events,traits,interests,numbers")).toMatchObject({
      events: 101,
      traits: { city: { value: "Zürich", source } },
      interests: { category: { top: [{ key: "Shoes" }] } },
      numbers: { price: { count: 100, sum: 4950 } },
    });
  });
});

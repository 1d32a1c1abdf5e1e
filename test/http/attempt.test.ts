import { describe, expect, it } from "vitest";
import { attempt, type Clock, RETRIES } from "../../src/http/attempt.ts";
import { InFlight } from "../../src/http/busy.ts";

const error = (message: string, members: object = {}) => Object.assign(new Error(message), members);
const RETRYABLE = error("the object was moved", { retryable: true });

/** A clock on which only sleeping takes time. */
function clockOf(random = 0.5) {
  const slept: number[] = [];
  let time = 0;
  const clock: Clock = {
    now: () => time,
    random: () => random,
    sleep: async (ms) => {
      slept.push(ms);
      time += ms;
    },
  };
  return { slept, clock, pass: (ms: number) => (time += ms) };
}

/** A call that throws these, one after the other, and then answers. */
function throwing(...errors: unknown[]) {
  const call = async () => {
    call.count++;
    if (call.count <= errors.length) throw errors[call.count - 1];
    return "answer";
  };
  call.count = 0;
  return call;
}

describe("an attempt", () => {
  it("is made once when it succeeds", async () => {
    const call = throwing();
    expect(await attempt(call, clockOf().clock)).toEqual({ ok: true, value: "answer" });
    expect(call.count).toBe(1);
  });

  it("is made again after errors that are retryable, with growing pauses", async () => {
    const call = throwing(RETRYABLE, RETRYABLE, RETRYABLE);
    const { clock, slept } = clockOf(1);
    expect(await attempt(call, clock)).toEqual({ ok: true, value: "answer" });
    expect(slept).toEqual([50, 100, 200]);
  });

  it("is made at most three times more", async () => {
    const call = throwing(RETRYABLE, RETRYABLE, RETRYABLE, RETRYABLE, RETRYABLE);
    const { clock, slept } = clockOf(0);
    expect(await attempt(call, clock)).toEqual({ ok: false, code: "unavailable" });
    expect(call.count).toBe(1 + RETRIES);
    expect(slept).toEqual([25, 50, 100]);
  });

  it("is not made again when the first took too long", async () => {
    const { clock, pass } = clockOf();
    let count = 0;
    const slow = async () => {
      count++;
      pass(6_000);
      throw RETRYABLE;
    };
    expect(await attempt(slow, clock)).toEqual({ ok: false, code: "unavailable" });
    expect(count).toBe(1);
  });

  it.each<[string, unknown, string]>([
    ["any error", error("x"), "unavailable"],
    ["what is no error", "x", "unavailable"],
    [
      "an overloaded object, even if retryable",
      error("x", { retryable: true, overloaded: true }),
      "overloaded",
    ],
    ["full storage", error("database or disk is full: SQLITE_FULL"), "storage-full"],
    ["full storage, in other words", error("Exceeded storage limit", { retryable: true }), "storage-full"],
  ])("is not made again after %s", async (_name, thrown, code) => {
    const call = throwing(thrown, thrown);
    expect(await attempt(call, clockOf().clock)).toEqual({ ok: false, code });
    expect(call.count).toBe(1);
  });
});

describe("requests in flight", () => {
  it("are bounded by key, and forgotten when they leave", () => {
    const inFlight = new InFlight(2);
    expect([inFlight.enter("a"), inFlight.enter("a"), inFlight.enter("a")]).toEqual([true, true, false]);
    expect(inFlight.enter("b")).toBe(true);
    inFlight.leave("a");
    expect([inFlight.enter("a"), inFlight.enter("a")]).toEqual([true, false]);
  });
});

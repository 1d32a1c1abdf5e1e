import { describe, expect, it } from "vitest";
import { EFFECTIVE_MS, REFRESH_MS, Revocations } from "../../src/keys/revocations.ts";

/** An isolate with a clock of its own, and an object that may be out of reach. */
function isolate() {
  const world = { now: 1_000_000, revoked: [] as string[], isReachable: true, asked: 0 };
  const beside: Promise<unknown>[] = [];
  const ask = async () => {
    world.asked++;
    return world.isReachable ? [...world.revoked] : undefined;
  };
  const revocations = new Revocations(ask, () => world.now);
  /** Whether the key opens anything: undefined when that cannot be known. */
  const opens = async (id: string) => {
    const isReady = await revocations.ready((work) => beside.push(work));
    return isReady ? !revocations.has(id) : undefined;
  };
  return { world, revocations, opens, settle: () => Promise.all(beside.splice(0)) };
}

describe("the revoked keys, as an isolate knows them", () => {
  it("are asked for before the first request is let through", async () => {
    const { world, opens } = isolate();
    world.revoked.push("a");
    expect(await opens("a")).toBe(false);
    expect(await opens("b")).toBe(true);
    expect(world.asked).toBe(1);
  });

  it("are refreshed beside a request once they are half a minute old", async () => {
    const { world, opens, revocations } = isolate();
    await opens("a");
    world.revoked.push("a");
    world.now += REFRESH_MS - 1;
    expect(await opens("a")).toBe(true);
    expect(world.asked).toBe(1);
    world.now += 1;
    const beside: Promise<unknown>[] = [];
    for (let i = 0; i < 10; i++) expect(revocations.ready((work) => beside.push(work))).toBe(true);
    expect(beside).toHaveLength(1);
    expect(revocations.has("a")).toBe(false);
    await beside[0];
    expect(revocations.has("a")).toBe(true);
  });

  it("are waited for by whoever wants them fresher than that, unless they just could not be had", async () => {
    const { world, opens, revocations } = isolate();
    expect(await revocations.within(10_000)).toBe(true);
    world.revoked.push("a");
    world.now += 9_999;
    expect([await revocations.within(10_000), revocations.has("a"), world.asked]).toEqual([true, false, 1]);
    world.now += 1;
    expect([await revocations.within(10_000), revocations.has("a"), world.asked]).toEqual([true, true, 2]);
    world.now += 10_000;
    world.isReachable = false;
    for (let i = 0; i < 3; i++) expect(await revocations.within(10_000)).toBe(false);
    expect([world.asked, await opens("b")]).toEqual([3, true]);
  });

  it("are effective within 60 s, whenever requests come and whatever cannot be reached", async () => {
    for (const isReachable of [true, false]) {
      for (const stepMs of [1, 700, 9_999, 20_000, 31_000, 59_999, 60_001, 600_000]) {
        const { world, opens, settle } = isolate();
        await opens("a");
        world.now += 1;
        world.revoked.push("a");
        world.isReachable = isReachable;
        const revokedAt = world.now;
        while (world.now <= revokedAt + EFFECTIVE_MS) {
          world.now += Math.max(stepMs, 250);
          const isOpen = await opens("a");
          await settle();
          if (world.now >= revokedAt + EFFECTIVE_MS) expect([stepMs, isOpen]).not.toEqual([stepMs, true]);
        }
        expect(await opens("a")).toBe(isReachable ? false : undefined);
      }
    }
  });

  it("cannot be had: requests are refused, the object is asked once a second, and all is well once it answers", async () => {
    const { world, opens } = isolate();
    world.isReachable = false;
    for (let i = 0; i < 50; i++) expect(await opens("b")).toBeUndefined();
    expect(world.asked).toBe(1);
    world.now += 1_000;
    expect(await opens("b")).toBeUndefined();
    expect(world.asked).toBe(2);
    world.isReachable = true;
    world.now += 1_000;
    expect(await opens("b")).toBe(true);
  });

  it("serve on for the rest of the minute when a refresh fails or dies", async () => {
    const { world, opens, settle } = isolate();
    await opens("b");
    world.isReachable = false;
    for (world.now += REFRESH_MS; world.now < 1_000_000 + EFFECTIVE_MS; world.now += 5_000) {
      expect(await opens("b")).toBe(true);
      await settle();
    }
    expect(await opens("b")).toBeUndefined();
  });

  it("are asked for anew when the clock was set back", async () => {
    const { world, opens } = isolate();
    await opens("a");
    world.revoked.push("a");
    world.now -= 86_400_000;
    expect(await opens("a")).toBe(false);
  });
});

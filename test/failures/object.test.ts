import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { failuresAgeMs } from "../../src/failures/retention.ts";
import { failure } from "./failure.ts";

const DAY = 86_400_000;
const shard = () => env.FAILURES.get(env.FAILURES.newUniqueId());

describe("a shard", () => {
  it("wakes to delete what has expired", async () => {
    const stub = shard();
    const alarm = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    const now = Date.now();
    await stub.keep("b0", [], [["applied", 1]]);
    expect(await alarm()).toBeNull();
    await stub.keep("b1", [failure({ receivedAt: now - 13.5 * DAY })], []);
    expect(await alarm()).toBe(now + DAY / 2);

    vi.spyOn(Date, "now").mockReturnValue(now + DAY);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stub.stats()).toMatchObject({
      kept: 0,
      counts: expect.arrayContaining([["failures/expired", 1]]),
    });
    expect(await alarm()).toBeNull();
    vi.restoreAllMocks();
  });

  it("sets the alarm again after one that failed", async () => {
    const stub = shard();
    await stub.keep("b", [failure({ receivedAt: Date.now() })], []);
    await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("ALTER TABLE failures RENAME TO gone"),
    );
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    const alarm = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    expect(alarm).toBeGreaterThan(Date.now());
  });
});

describe("how long failures are kept", () => {
  it.each([
    [undefined, 14],
    ["30", 30],
    ["0.5", 0.5],
    ["0", 0],
    ["-1", 14],
    ["soon", 14],
    ["1e9", 14],
  ])("FAILURES_DAYS=%s is %d days", (set, days) => {
    expect(failuresAgeMs(set === undefined ? {} : { FAILURES_DAYS: set })).toBe(days * DAY);
  });
});

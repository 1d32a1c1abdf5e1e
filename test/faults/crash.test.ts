import { beforeAll, describe, expect, it } from "vitest";
import { bundle } from "../../serve/bundle.ts";
import { crash } from "../../simulate/crash.ts";

beforeAll(() => bundle());

describe("an edge that is killed while clients send", () => {
  it.each([1, 2, 3, 4, 5])("has every acknowledged event once (seed %i)", async (seed) => {
    const { findings, kills, retried } = await crash(seed);
    expect([...findings]).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(retried).toBeGreaterThan(0);
  });

  it("is found out when its disk forgets", async () => {
    const { findings } = await crash(1, { forgets: true });
    expect(findings.lost).not.toEqual([]);
    expect(findings.different).not.toEqual([]);
  });
});

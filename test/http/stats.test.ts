import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { STATUSES, type Summary } from "../../src/failures/summary.ts";
import { app } from "../../src/http/app.ts";
import { call, request, send, someone, view } from "./client.ts";
import { faking, namespaceOf, receiving, withoutFailures } from "./faking.ts";

const stats = async () => (await call("GET", "/v1/stats")).json<Summary>();

/** What was counted meanwhile; and that the sums hold before and after. */
async function counted(work: () => Promise<unknown>): Promise<(path: string) => number> {
  const before = await stats();
  await work();
  const after = await stats();
  for (const one of [before, after]) {
    expect(one.received).toBe(STATUSES.reduce((sum, status) => sum + one[status], 0));
    const { kept, settled, deleted, expired, evicted } = one.failures;
    const failed = kept + settled + deleted + expired + evicted + one.failuresNotKept;
    expect(one.late + one.rejected).toBe(failed);
  }
  const at = (summary: object, path: string): number =>
    path
      .split(".")
      .reduce<unknown>(
        (value, key) => (value instanceof Object ? Reflect.get(value, key) : 0),
        summary,
      ) as number;
  return (path) => (at(after, path) ?? 0) - (at(before, path) ?? 0);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("GET /v1/stats", () => {
  it("counts every event once, whatever became of it", async () => {
    const [anna, ben] = [someone(), someone()];
    const odd = faking({
      ingest: receiving((id) => {
        if (id === "late") return { id, status: "late", code: "past-retention", detail: "x" };
        if (id === "retry") return { id, status: "retry", code: "overloaded", detail: "x" };
        return { id, status: "suppressed", code: "event-erased", detail: "x" };
      }),
    });
    const grew = await counted(async () => {
      await send([view(anna, "e1"), view(anna, "e1"), view(ben, "e1"), null, { id: "x" }]);
      await send([view(anna, "e1", { properties: {} }), view(ben, "e2", { timestamp: "soon" })]);
      const body = ["late", "retry", "suppressed", "late"].map((id) => view(anna, id));
      await app.fetch(request("POST", "/v1/events", { body }), odd.env);
    });
    const found = Object.fromEntries(["received", ...STATUSES].map((name) => [name, grew(name)]));
    expect(found).toEqual({
      received: 11,
      applied: 2,
      duplicate: 2,
      late: 2,
      rejected: 3,
      suppressed: 1,
      retry: 1,
    });
    expect(grew("codes.duplicate.conflict")).toBe(1);
    expect(grew("codes.rejected.time-invalid")).toBe(1);
    expect(grew("codes.rejected.user-missing")).toBe(1);
    expect(grew("codes.retry.overloaded")).toBe(1);
    expect(grew("failures.kept")).toBe(5);
    expect((await stats()).since).toMatch(/^20.*Z$/);
  });

  it("counts bodies that are refused whole, apart", async () => {
    const grew = await counted(async () => {
      await send("[]");
      await send("{");
      await send(view(someone(), "e"), { headers: { "Content-Type": "image/png" } });
      await send(view(someone(), "e"), { key: "wrong" });
    });
    expect([grew("received"), grew("refused.no-events"), grew("refused.json-malformed")]).toEqual([0, 1, 1]);
    expect(grew("refused.media-type")).toBe(1);
  });

  it("counts what becomes of failures, apart from what was received", async () => {
    const user = someone();
    const time = Date.now() + 7_200_000;
    const grew = await counted(async () => {
      await send([view(user, "soon", { timestamp: time }), null]);
      vi.spyOn(Date, "now").mockReturnValue(time);
      await call("POST", "/v1/failures/replay", { body: { filter: { code: "time-in-future" } } });
      vi.restoreAllMocks();
      await call("DELETE", "/v1/failures");
    });
    expect([grew("received"), grew("rejected"), grew("applied")]).toEqual([2, 2, 0]);
    expect([grew("replayed.applied"), grew("failures.settled")]).toEqual([1, 1]);
    expect(grew("failures.deleted")).toBeGreaterThan(0);
  });

  it("counts what could not be kept", async () => {
    const grew = await counted(async () => {
      await app.fetch(
        request("POST", "/v1/events", { body: [view(someone(), "e"), null, 7] }),
        withoutFailures(),
      );
    });
    expect([grew("received"), grew("applied"), grew("rejected")]).toEqual([3, 1, 2]);
    expect([grew("failuresNotKept"), grew("failures.kept")]).toEqual([2, 0]);
  });

  it("keeps no failure when the configuration says so, and counts it", async () => {
    const grew = await counted(async () => {
      await app.fetch(request("POST", "/v1/events", { body: [null] }), { ...env, FAILURES_DAYS: "0" });
    });
    expect([grew("rejected"), grew("failuresNotKept"), grew("failures.kept")]).toEqual([1, 1, 0]);
  });

  it("counts a flood, and keeps what fits", async () => {
    const body = Array.from({ length: 2000 }, () => 7);
    const grew = await counted(async () => {
      for (let i = 0; i < 3; i++) expect((await send(body)).status).toBe(422);
    });
    expect(grew("rejected")).toBe(6000);
    expect(grew("failures.kept") + grew("failuresNotKept")).toBe(6000);
    expect(grew("failures.kept")).toBeLessThan(2600);
  });

  it("writes within a second of an event, not at each", async () => {
    let calls = 0;
    const FAILURES = namespaceOf(env.FAILURES, (id) => {
      calls++;
      return env.FAILURES.get(id);
    });
    // The flush that a test before began.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const user = someone();
    for (let i = 0; i < 20; i++) {
      await app.fetch(request("POST", "/v1/events", { body: view(user, `e${i}`) }), { ...env, FAILURES });
    }
    expect(calls).toBe(0);
    await vi.waitFor(() => expect(calls).toBe(1), { timeout: 3_000 });
  });
});

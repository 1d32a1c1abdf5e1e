import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { mintKey } from "../../src/keys/key.ts";
import { profilePath, request, SECRET, someone, view } from "./client.ts";

/** Twice what a window lets pass, and one: whenever the window changes in between, some are refused. */
const MANY = 7;

async function ask(times: number, bindings: typeof env, make: () => Request): Promise<Response[]> {
  const responses: Response[] = [];
  for (let i = 0; i < times; i++) responses.push(await app.fetch(make(), bindings));
  return responses;
}

const limited = (responses: Response[]) => responses.filter(({ status }) => status === 429);
const newKey = () => mintKey(env.KEY_SECRET ?? "", { kind: "secret" });

describe("the rate limit", () => {
  const byKey = { ...env, RATE_BY_KEY: env.RATE_OF_THREE };
  const byUser = { ...env, RATE_BY_USER: env.RATE_OF_THREE };

  it("of a key refuses what is too much of it, and no other key", async () => {
    const [key, other] = [newKey(), newKey()];
    const responses = await ask(MANY, byKey, () => request("GET", "/v1/stats", { key }));
    expect(responses[0]?.status).toBe(200);
    const [refused] = limited(responses);
    expect(refused?.headers.get("Retry-After")).toBe("10");
    expect(await refused?.json()).toMatchObject({
      type: "/problems/rate-limited",
      remedy: expect.any(String),
    });
    expect((await ask(1, byKey, () => request("GET", "/v1/stats", { key: other })))[0]?.status).toBe(200);
  });

  it("of a key is not used up by those who do not have it", async () => {
    const key = newKey();
    await ask(MANY, byKey, () => request("GET", "/v1/stats", { key: `${key.slice(0, -1)}!` }));
    expect((await ask(1, byKey, () => request("GET", "/v1/stats", { key })))[0]?.status).toBe(200);
  });

  it("of a user refuses what is too much about one, by reading or by writing, and leaves others alone", async () => {
    const [user, other] = [someone(), someone()];
    let i = 0;
    const write = await ask(MANY, byUser, () =>
      request("POST", "/v1/events", { body: view(user, `e${i++}`) }),
    );
    expect(write[0]?.status).toBe(200);
    const [refused] = limited(write);
    expect(refused?.headers.get("Retry-After")).toBe("10");
    expect(await refused?.json()).toMatchObject({
      type: "/problems/rate-limited",
      receipts: [{ status: "retry", code: "rate-limited" }],
    });
    expect(limited(await ask(MANY, byUser, () => request("GET", profilePath(user))))).not.toHaveLength(0);

    const body = [view(user, "again"), view(other, "e1")];
    const [mixed] = await ask(1, byUser, () => request("POST", "/v1/events", { body }));
    const { receipts }: { receipts: { status: string }[] } = (await mixed?.json()) ?? { receipts: [] };
    expect(receipts[1]?.status).toBe("applied");
  });

  it("lets pass when it fails, and where none is bound", async () => {
    const limit = () => Promise.reject(new Error("secret details"));
    const failing = { ...env, RATE_BY_KEY: { limit }, RATE_BY_USER: { limit } };
    const { RATE_BY_KEY: _, RATE_BY_USER: __, ...unbound } = env;
    for (const bindings of [failing, unbound]) {
      const responses = await ask(MANY, bindings, () =>
        request("GET", profilePath("nobody"), { key: SECRET }),
      );
      expect(responses.map(({ status }) => status)).toEqual(Array(MANY).fill(404));
    }
  });
});

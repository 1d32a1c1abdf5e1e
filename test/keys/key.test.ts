import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isKeyId, KEY_LENGTH, type Key, mintKey, readKey, verifyKey } from "../../src/keys/key.ts";

const SECRET = "a secret of this deployment, long enough";
const OTHER = "a secret of another deployment, also long";

const seconds = fc.integer({ min: 1, max: 0xffff_ffff }).map((s) => s * 1000);
const line = fc
  .string({ maxLength: 40, unit: "grapheme" })
  .filter((text) => !text.includes("\n") && text.isWellFormed());
const drafts = fc.record(
  {
    kind: fc.constantFrom("write" as const, "secret" as const),
    name: line,
    created: seconds,
    expires: seconds,
    origins: fc.array(
      fc.webUrl().map((url) => new URL(url).origin.slice(0, 60)),
      { maxLength: 4 },
    ),
  },
  { requiredKeys: ["kind", "name", "created", "origins"] },
);
const minted = fc
  .tuple(drafts, fc.uint8Array({ minLength: 9, maxLength: 9 }))
  .filter(([draft]) => JSON.stringify(draft).length < 600)
  .map(([draft, random]) => ({ draft, key: mintKey(SECRET, draft, Buffer.from(random)) }));

describe("a key", () => {
  it("says what it was minted with", () => {
    fc.assert(
      fc.property(minted, ({ draft, key }) => {
        const { id, ...said }: Key = verifyKey(key, [SECRET]) ?? expect.fail("it is not verified");
        expect(said).toEqual(draft);
        expect(readKey(key)).toEqual({ id, ...said });
        expect(key.startsWith(id)).toBe(true);
        expect(isKeyId(id)).toBe(true);
      }),
    );
  });

  it("begins with its kind and is 64 characters long, without a name or origins", () => {
    expect(mintKey(SECRET, { kind: "write" })).toMatch(/^limn_wk_[\w-]{56}$/);
    expect(mintKey(SECRET, { kind: "secret" })).toMatch(/^limn_sk_[\w-]{56}$/);
    expect(new Set(Array.from({ length: 100 }, () => mintKey(SECRET, { kind: "write" }))).size).toBe(100);
  });

  it("is refused with any character changed, added or left out", () => {
    fc.assert(
      fc.property(minted, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), ({ key }, at, other) => {
        const i = at % key.length;
        const spoilt = [
          key.slice(0, i) + other + key.slice(i + 1),
          key.slice(0, i) + other + key.slice(i),
          key.slice(0, i) + key.slice(i + 1),
          key + other,
        ];
        for (const text of spoilt) {
          if (text !== key) expect(verifyKey(text, [SECRET])).toBeUndefined();
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused with any of its characters replaced by any of its alphabet", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \n";
    const key = mintKey(SECRET, { kind: "write", origins: ["https://shop.example"] });
    for (let i = 0; i < key.length; i++) {
      for (const other of alphabet) {
        const text = key.slice(0, i) + other + key.slice(i + 1);
        if (text !== key && verifyKey(text, [SECRET]) !== undefined) expect.fail(`${text} passes for ${key}`);
      }
    }
  });

  it("cannot be turned into one of the other kind, nor given the MAC of another", () => {
    fc.assert(
      fc.property(minted, minted, ({ key }, { key: other }) => {
        const turned = key.replace(/^limn_(.)k/, (_, kind) => `limn_${kind === "w" ? "s" : "w"}k`);
        expect(verifyKey(turned, [SECRET])).toBeUndefined();
        const grafted = key.slice(0, -32) + other.slice(-32);
        if (grafted !== key) expect(verifyKey(grafted, [SECRET])).toBeUndefined();
      }),
    );
  });

  it("is verified by the secret that made it only, which may be the previous one", () => {
    const key = mintKey(SECRET, { kind: "secret" });
    expect(verifyKey(key, [OTHER])).toBeUndefined();
    expect(verifyKey(key, [])).toBeUndefined();
    expect(verifyKey(key, [OTHER, SECRET])).toMatchObject({ kind: "secret" });
  });

  it("is nothing that anybody may send", () => {
    fc.assert(fc.property(fc.string(), (text) => verifyKey(text, [SECRET]) === undefined));
    fc.assert(
      fc.property(
        fc.stringMatching(/^limn_[ws]k_[\w-]{0,80}$/),
        (text) => verifyKey(text, [SECRET]) === undefined,
      ),
    );
    const long = `limn_wk_${"A".repeat(10_000_000)}`;
    expect(verifyKey(long, [SECRET])).toBeUndefined();
    expect(() => mintKey(SECRET, { kind: "write", name: "x".repeat(KEY_LENGTH) })).toThrow(RangeError);
  });
});

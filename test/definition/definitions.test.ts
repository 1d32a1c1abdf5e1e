import { describe, expect, it } from "vitest";
import { definitions } from "../../definitions/index.ts";
import { priors } from "../../priors/index.ts";
import { parsePrior } from "../../src/definition/prior.ts";
import { DefinitionError, parseDefinition } from "../../src/definition/schema.ts";
import { compile, fingerprintOf, MOST_STATE_BYTES } from "../../src/kernel/compile.ts";
import { newKernel } from "../kernel/kernel.ts";

const minimal = { name: "minimal", events: { view: {} } };

const issuesOf = (source: unknown) => {
  try {
    compile(parseDefinition(source), newKernel());
  } catch (error) {
    if (error instanceof DefinitionError) return error.issues;
    throw error;
  }
  return [];
};

describe("the definitions that ship", () => {
  it.each(Object.entries(definitions))(
    "%s is valid, under its own name, and its state is small",
    (name, source) => {
      const definition = parseDefinition(source);
      expect(definition.name).toBe(name);
      expect(compile(definition, newKernel()).stateBytes).toBeLessThanOrEqual(MOST_STATE_BYTES);
    },
  );

  it.each(Object.entries(priors))("the prior %s fits the definition as it is now", (_, source) => {
    const name = String(Object(source).definition);
    const definition = parseDefinition(definitions[name]);
    const prior = parsePrior(source, { name, fingerprint: fingerprintOf(definition) });
    expect(() => compile(definition, newKernel(), { prior })).not.toThrow();
  });
});

describe("a definition", () => {
  it("needs no more than a name and events", () => {
    expect(issuesOf(minimal)).toEqual([]);
  });

  it("is refused with the place and what is expected there", () => {
    expect(issuesOf({ ...minimal, windows: ["1 hour"] })).toEqual([
      { pointer: "/windows/0", detail: "a duration such as 90s, 30m, 1h or 14d is expected" },
    ]);
  });

  it("may not name what it does not declare", () => {
    const target = { examples: ["view"], positive: ["buy"] };
    const features = [
      { kind: "affinity", dimension: "colour" },
      { kind: "recency", event: "buy" },
    ];
    expect(
      issuesOf({ ...minimal, models: { m: { target, features } } }).map(({ pointer }) => pointer),
    ).toEqual([
      "/models/m/target/positive/0",
      "/models/m/features/0/dimension",
      "/models/m/features/1/event",
    ]);
  });

  it("may not name what every object has", () => {
    const target = { examples: ["view"], positive: ["view"] };
    const features = [
      { kind: "affinity", dimension: "constructor" },
      { kind: "recency", event: "toString" },
      { kind: "count", window: "1h", event: "valueOf" },
    ];
    expect(issuesOf({ ...minimal, models: { m: { target, features } } })).toHaveLength(3);
  });

  it("is refused with the first 100 of its faults, soon", () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `e${i}`);
    const target = { examples: names, positive: Array(20_000).fill("other") };
    const before = performance.now();
    expect(issuesOf({ ...minimal, models: { m: { target, features: [{ kind: "hour" }] } } })).toHaveLength(
      100,
    );
    expect(issuesOf({ ...minimal, windows: Array(20_000).fill(1) })).toHaveLength(100);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it("is refused when its profile would be too large", () => {
    const interests = Object.fromEntries(["a", "b", "c", "d"].map((path) => [path, { path, keep: 128 }]));
    expect(issuesOf({ ...minimal, interests })[0]?.detail).toMatch(/a profile would take 1\d{4} bytes/);
  });

  it("changes its fingerprint with anything in it", () => {
    const one = fingerprintOf(parseDefinition(minimal));
    expect(fingerprintOf(parseDefinition({ ...minimal, events: { view: { weight: 2 } } }))).not.toBe(one);
    expect(fingerprintOf(parseDefinition(minimal))).toBe(one);
  });
});

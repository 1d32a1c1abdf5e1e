import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseMapping } from "../../src/data/mapping.ts";
import { type DefinitionSource, parseDefinition } from "../../src/definition/schema.ts";
import type { Event } from "../../src/events/event.ts";
import { loadKernel } from "../../src/kernel/node.ts";
import { OfflineProfile } from "../../src/kernel/offline.ts";
import { userEffects } from "../../src/learning/effects.ts";
import { extractExamples, labelAt, pick, vectorAt } from "../../src/learning/examples.ts";
import { predictGlobal, scalingOf, trainGlobal } from "../../src/learning/global.ts";
import { readHistory } from "../../src/learning/history.ts";
import { parseLearner } from "../../src/learning/learners.ts";
import { measure } from "../../src/learning/metrics.ts";
import { readPrior, writePrior } from "../../src/learning/prior-file.ts";
import { modelAlone, modelOf, priorAlone, type Subject } from "../../src/learning/subject.ts";

const folder = mkdtempSync(join(tmpdir(), "limn-learning-"));
afterAll(() => rmSync(folder, { recursive: true }));

const shop = {
  name: "shop",
  events: { Viewed: {}, Bought: { weight: 3 } },
  interests: { category: { path: "category", halfLife: "10d" } },
  windows: ["24h"],
  models: {
    bought: {
      target: { examples: ["Viewed", "Bought"], positive: ["Bought"] },
      features: [
        { kind: "number", path: "price", scale: "log" },
        { kind: "category", path: "category", width: 4 },
        { kind: "affinity", dimension: "category" },
        { kind: "count", window: "24h", event: "Viewed" },
      ],
      learner: { kind: "bayes", variance: 0.1 },
    },
    other: {
      target: { examples: ["Viewed"], positive: ["Viewed"] },
      features: [{ kind: "hour" }],
    },
  },
} satisfies DefinitionSource;

function subjectOf(source: DefinitionSource): Subject {
  return { module: loadKernel(), definition: parseDefinition(source), model: "bought" };
}

/** A few users, some of whom like what is cheap: the same each time. */
function makeUsers(count: number, each: number): Map<string, Event[]> {
  let seed = 7;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return new Map(
    Array.from({ length: count }, (_, user) => {
      const events = Array.from({ length: each }, (_, i): Event => {
        const price = 1 + 20 * random();
        const likes = (user % 2 === 0 ? price < 8 : price > 14) ? 0.8 : 0.2;
        return {
          id: `${user}-${String(i).padStart(3, "0")}`,
          user: `user-${user}`,
          name: random() < likes ? "Bought" : "Viewed",
          time: 1_700_000_000_000 + i * 3_600_000 + user,
          receivedAt: 1_800_000_000_000,
          properties: { price, category: random() < 0.1 ? "toys" : (["books", "shoes"][i % 2] ?? "") },
        };
      });
      return [`user-${user}`, events];
    }),
  );
}

describe("examples of all users", () => {
  const subject = subjectOf(shop);
  const users = makeUsers(6, 120);
  const examples = extractExamples(subject, { users });

  it("are all there, user after user, and in the order of time", () => {
    expect(examples.count).toBe(720);
    expect(examples.users.map(({ start, end }) => end - start)).toEqual([120, 120, 120, 120, 120, 120]);
    const times = pick(examples.time, examples.byTime);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("hold features as they were before the event", () => {
    const first = vectorAt(examples, 0);
    // Nothing was known: no affinity, no event in the window.
    expect([...first.subarray(6, 8)]).toEqual([0, 0]);
    expect(first[1]).toBeCloseTo(Math.log(1 + Number([...users.values()][0]?.[0]?.properties.price)), 5);
  });
});

describe("a model of all users", () => {
  const subject = subjectOf(shop);
  const examples = extractExamples(subject, { users: makeUsers(6, 120) });
  const train = examples.byTime.subarray(0, 360);
  const later = examples.byTime.subarray(360);
  const prior = trainGlobal(subject, parseLearner("bayes(variance=1,forget=0)").learner, examples, train);

  it("is scaled by what it was trained on, and by nothing later", () => {
    const { means, variances } = scalingOf(examples, train, 8);
    expect({ means: prior.means, variances: prior.variances }).toEqual({ means, variances });
    const prices = Array.from(train, (example) => vectorAt(examples, example)[1] ?? 0);
    const mean = prices.reduce((sum, price) => sum + price, 0) / prices.length;
    expect(means[1]).toBeCloseTo(mean, 9);
    expect(variances[1]).toBeCloseTo(
      prices.reduce((sum, price) => sum + (price - mean) ** 2, 0) / prices.length,
      9,
    );
    expect(means[0]).toBe(0);
  });

  it("predicts by its weights on features so scaled", () => {
    const example = later[17] ?? 0;
    const x = vectorAt(examples, example);
    let logit = prior.weights[0] ?? 0;
    for (let j = 1; j < prior.weights.length; j++) {
      const sd = Math.sqrt(prior.variances[j] ?? 0);
      logit += sd === 0 ? 0 : ((prior.weights[j] ?? 0) * ((x[j] ?? 0) - (prior.means[j] ?? 0))) / sd;
    }
    const [p] = predictGlobal(subject, prior, examples, Uint32Array.of(example));
    expect(p).toBeCloseTo(1 / (1 + Math.exp(-logit)), 5);
  });

  it("is mended by the users' own effects where users differ", () => {
    const y = pick(examples.y, later);
    const own = userEffects(subject, examples, { learner: modelOf(subject).learner, prior });
    const alone = measure(y, predictGlobal(subject, prior, examples, later));
    expect(measure(y, pick(own, later)).logLoss).toBeLessThan(alone.logLoss - 0.05);
  });

  it("is written as a prior that is only taken for the definition it was trained for", () => {
    const file = join(folder, "priors", "shop.json");
    const written = writePrior(file, subject, { ...prior, variance: 0.03, forget: 0 }, Date.UTC(2026, 0, 2));
    expect(written.version).toMatch(/^2026-01-02-/);
    const read = readPrior(file, subject);
    expect(read).toMatchObject({ variance: 0.03, forget: 0 });
    for (const part of ["weights", "means", "variances"] as const) {
      expect(Float32Array.from(read[part])).toEqual(Float32Array.from(prior[part]));
    }
    expect(() => readPrior(file, subjectOf({ ...shop, otherWeight: 1 }))).toThrow("another state");
    expect(() => readPrior(file, { ...subject, model: "other" })).toThrow('no model "other"');

    const more = writePrior(file, { ...subject, model: "other" }, prior, Date.UTC(2026, 0, 2));
    expect(Object.keys(more.models)).toEqual(["bought", "other"]);
    expect(more.version).not.toBe(written.version);
    writePrior(file, subjectOf({ ...shop, otherWeight: 1 }), prior, 0);
    expect(Object.keys(JSON.parse(readFileSync(file, "utf8")).models)).toEqual(["bought"]);
  });
});

describe("the users' effects", () => {
  const later = {
    ...shop,
    models: {
      bought: {
        ...shop.models.bought,
        target: {
          examples: ["Viewed"],
          positive: ["Bought"],
          within: "5h",
          same: "category",
          pending: 16,
        },
      },
    },
  } satisfies DefinitionSource;

  for (const [kind, source] of Object.entries({ "known at once": shop, "known later": later })) {
    it(`are bit for bit those of the fold, with labels ${kind}`, () => {
      const subject = subjectOf(source);
      const users = makeUsers(4, 100);
      const examples = extractExamples(subject, { users });
      const known = trainGlobal(subject, parseLearner("sgd").learner, examples, examples.byTime);
      const { learner } = modelOf(subject);
      for (const prior of [undefined, known]) {
        const definition = modelAlone(subject);
        const p = [...users.values()].flatMap((events) =>
          new OfflineProfile(subject.module, definition, priorAlone(subject, definition, prior))
            .fold(events)
            .map((example) => example.p),
        );
        expect([
          ...userEffects(subject, examples, { learner, ...(prior !== undefined && { prior }) }),
        ]).toEqual(p);
      }
    });
  }

  it("stop before a time", () => {
    const subject = subjectOf(shop);
    const examples = extractExamples(subject, { users: makeUsers(3, 50) });
    const until = examples.time[25] ?? 0;
    const { learner } = modelOf(subject);
    const [all, some] = [{ learner }, { learner, until }].map((options) =>
      userEffects(subject, examples, options),
    );
    some?.forEach((p, i) => {
      expect(p).toEqual((examples.time[i] ?? 0) < until ? all?.[i] : Number.NaN);
    });
  });
});

describe("a history", () => {
  it("has each user's events in the order of the fold, traits among them, and names what it skipped", async () => {
    const file = join(folder, "events.ndjson");
    const row = (user: string, at: string, price: unknown) => JSON.stringify({ user, at, price });
    writeFileSync(
      file,
      [
        row("b", "2026-01-02T00:00:00Z", 2),
        row("a", "2026-01-03T00:00:00Z", 3),
        row("b", "2026-01-01T00:00:00Z", 1),
        row("a", "no time", 4),
      ].join("\n"),
    );
    writeFileSync(join(folder, "people.csv"), "user,age\nb,31\nc,45\n");
    const mapping = parseMapping(
      {
        name: "test",
        user: "user",
        time: { column: "at" },
        event: "Viewed",
        properties: { price: { column: "price", type: "number" } },
        traits: {
          file: "people.csv",
          user: "user",
          time: "first-event",
          properties: { age: { column: "age", type: "number" } },
        },
      },
      "test",
    );
    const history = await readHistory(file, mapping);
    expect(history).toMatchObject({ rows: 4, events: 4, skipped: { "no readable time": 1 } });
    const events = history.users.get("b") ?? [];
    expect(events.map(({ time }) => new Date(time).getUTCDate())).toEqual([1, 1, 2]);
    expect(events.find(({ traits }) => traits !== undefined)?.traits).toEqual({ age: 31 });
    expect(labelAt(extractExamples(subjectOf(shop), history), 0)).toBe(0);
  });
});

import { afterEach, describe, expect, it } from "vitest";
import { eventOf, type MergeTroubles, MergeWorld } from "../../simulate/merge-world.ts";
import { Random } from "../../src/cli/random.ts";
import { ecommerce } from "../../src/definition/ecommerce.ts";
import { parseDefinition } from "../../src/definition/schema.ts";
import { compile } from "../../src/kernel/compile.ts";
import { Kernel } from "../../src/kernel/instance.ts";
import { loadKernel } from "../../src/kernel/node.ts";

const kernel = new Kernel(loadKernel());
const engine = { kernel, compiled: compile(parseDefinition(ecommerce), kernel) };
const SEEDS = Number(process.env.MERGE_SEEDS ?? 150);
const FROM = Number(process.env.MERGE_FROM ?? 0);
const trace = process.env.MERGE_TRACE === undefined ? undefined : (line: string) => console.log(line);

let world: MergeWorld | undefined;
afterEach(() => world?.close());

/** Merges, unmerges, writes and erasures of some profiles, all at once. */
async function run(seed: number, troubles: MergeTroubles): Promise<string[]> {
  const random = new Random(seed);
  const names = ["a", "b", "c", "d", "e"].slice(0, random.whole(2, 5));
  const pick = (list: readonly string[]) => list[random.whole(0, list.length - 1)] ?? "";
  const ids = random.chance(0.3) ? 400 : 30;
  world = new MergeWorld(seed, names, engine, troubles, trace);
  const w = world;
  const someEvents = (user: string, most: number) =>
    Array.from({ length: random.whole(1, most) }, () => eventOf(user, random.whole(0, ids - 1)));
  for (const name of names) {
    if (random.chance(0.8)) w.begin(`first of ${name}`, () => w.ingest(name, someEvents(name, ids)));
  }
  for (let i = random.whole(5, 40); i > 0; i--) {
    const name = pick(names);
    const other = pick(names);
    const draw = random.next();
    if (draw < 0.4) w.begin(`ingest ${name}`, () => w.ingest(name, someEvents(name, 5)));
    else if (draw < 0.65) w.begin(`merge ${name} ${other}`, () => w.merge(name, other));
    else if (draw < 0.8) w.begin(`unmerge ${name}`, () => w.unmerge(name));
    else if (draw < 0.87) {
      const id = `e${random.whole(0, ids - 1)}`;
      w.begin(`erase ${id} of ${name}`, () => w.erase(name, id));
    } else if (draw < 0.94) w.evict(name);
    else w.ring(name);
    for (let steps = random.whole(0, 12); steps > 0; steps--) await w.step();
  }
  w.heal();
  await w.settle();
  w.check();
  // Taken apart again, each is what it had been without the others.
  for (let round = 0; round < 10; round++) {
    const merged = names.filter((name) => w.rootOf(name) !== name);
    if (merged.length === 0) break;
    const name = pick(merged);
    w.begin(`unmerge ${name}`, () => w.unmerge(name));
    if (random.chance(0.5)) w.begin(`ingest ${name}`, () => w.ingest(name, someEvents(name, 5)));
    await w.settle();
    w.check();
  }
  if (w.trees().size < names.length) w.findings.push("some could not be taken apart");
  return w.findings;
}

describe("profiles that are merged and unmerged while they are written to", () => {
  it.each<[string, MergeTroubles]>([
    ["nothing fails", { lost: 0, crash: 0 }],
    ["messages and answers are lost", { lost: 0.2, crash: 0 }],
    ["objects die in the middle", { lost: 0.1, crash: 0.2 }],
  ])(
    "are the fold of what their parts have acknowledged, and apart as if never merged: %s",
    async (_, troubles) => {
      for (let seed = FROM; seed < FROM + SEEDS; seed++) {
        expect(await run(seed, troubles), `seed ${seed}`).toEqual([]);
      }
    },
  );
});

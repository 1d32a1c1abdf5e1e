import { Random } from "../src/cli/random.ts";
import { simulated } from "./definitions.ts";
import { Engines } from "./engines.ts";
import { eventOf, type MergeSabotage, type MergeTroubles, MergeWorld } from "./merge-world.ts";

export interface MergeOptions {
  /** Breaks something on purpose. */
  sabotage?: MergeSabotage;
  print?: (line: string) => void;
}

/** More than any tree of these takes to be taken apart. */
const MOST_ROUNDS = 10;
const engines = new Engines(simulated);
/** Of the oracle, and never traps. */
const oracle = new Engines(simulated);

/** A run of merges, unmerges, writes and erasures of some profiles, all at once; what was wrong in it. */
export async function simulateMerges(
  seed: number,
  { sabotage, print }: MergeOptions = {},
): Promise<string[]> {
  const random = new Random(seed);
  const names = ["a", "b", "c", "d", "e"].slice(0, random.whole(2, 5));
  const pick = (list: readonly string[]) => list[random.whole(0, list.length - 1)] ?? "";
  const ids = random.chance(0.3) ? 400 : 30;
  const someEvents = (user: string, most: number) =>
    Array.from({ length: random.whole(1, most) }, () => eventOf(user, random.whole(0, ids - 1)));
  const troubles: MergeTroubles = {
    lost: random.chance(0.7) ? 0.2 : 0,
    crash: random.chance(0.5) ? 0.2 : 0,
    traps: random.chance(0.3) ? 0.3 : 0,
  };
  engines.reset();
  const world = new MergeWorld(seed, names, engines, oracle, troubles, { sabotage, print });
  try {
    for (const name of names) {
      if (random.chance(0.8))
        world.begin(`first of ${name}`, () => world.ingest(name, someEvents(name, ids)));
    }
    for (let i = random.whole(5, 40); i > 0; i--) {
      const name = pick(names);
      const other = pick(names);
      const id = `e${random.whole(0, ids - 1)}`;
      const draw = random.next();
      if (draw < 0.4) world.begin(`ingest ${name}`, () => world.ingest(name, someEvents(name, 5)));
      else if (draw < 0.65) world.begin(`merge ${name} ${other}`, () => world.merge(name, other));
      else if (draw < 0.8) world.begin(`unmerge ${name}`, () => world.unmerge(name));
      else if (draw < 0.87) world.begin(`erase ${id} of ${name}`, () => world.erase(name, id));
      else if (draw < 0.94) world.evict(name);
      else world.ring(name);
      for (let steps = random.whole(0, 12); steps > 0; steps--) await world.step();
    }
    world.heal();
    await world.settle();
    world.check();
    // Taken apart again, each is what it would be without the others.
    for (let round = 0; round < MOST_ROUNDS && world.trees().size < names.length; round++) {
      const name = pick(names.filter((one) => world.rootOf(one) !== one));
      world.begin(`unmerge ${name}`, () => world.unmerge(name));
      if (random.chance(0.5)) world.begin(`ingest ${name}`, () => world.ingest(name, someEvents(name, 5)));
      await world.settle();
      world.check();
    }
    if (world.trees().size < names.length) world.findings.push("some could not be taken apart");
    return world.findings;
  } finally {
    world.close();
  }
}

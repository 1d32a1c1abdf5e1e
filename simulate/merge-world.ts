import { Random } from "../src/cli/random.ts";
import type { Event } from "../src/events/event.ts";
import type { Receipt } from "../src/profile/contract.ts";
import { Keeper } from "../src/profile/keeper.ts";
import type { MergeRpc } from "../src/profile/merge-contract.ts";
import { Merging } from "../src/profile/merging.ts";
import { Mover } from "../src/profile/mover.ts";
import { Parcels } from "../src/profile/parcels.ts";
import { START } from "./behaviour.ts";
import type { Engines } from "./engines.ts";
import { expectedProfile, firstDifference } from "./oracle.ts";
import { SimulatedStorage } from "./storage.ts";

const HOUR_MS = 3_600_000;
export const END = START + 3650 * 24 * HOUR_MS;
/** Steps after which a run that goes on is one that never ends. */
const MOST_STEPS = 40_000;
const MOST_HOPS = 12;

/** What may happen in a run. */
export interface MergeTroubles {
  /** Of a message between objects being lost, or its answer, of 1. */
  lost: number;
  /** Of an object dying at some statement of its work, of 1. */
  crash: number;
  /** Of the kernel trapping once while a parcel is taken in, of 1. */
  traps: number;
}

/**
 * What can be broken on purpose, to see that it is found: events that do not say where they were sent, erasures that do
 * not go along, a parcel that is acknowledged and not taken in, one that counts again when it is sent again.
 */
export type MergeSabotage = "origin" | "erasures" | "parcel" | "number";

interface MergeWorldOptions {
  sabotage?: MergeSabotage | undefined;
  print?: ((line: string) => void) | undefined;
}

/** Everything an instance of an object has; gone when it dies. */
interface Instance {
  keeper: Keeper;
  merging: Merging;
  parcels: Parcels;
  mover: Mover;
}

/** One profile: what it was sent and has acknowledged, by id, and what was erased from it. */
export class MergedProfile {
  readonly name: string;
  readonly accepted = new Map<string, Event>();
  readonly erased = new Set<string>();
  readonly storage = new SimulatedStorage();
  instance: Instance | undefined;
  hasAlarm = false;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Some profiles that are merged, unmerged and written to at once: real keepers and movers on simulated storage. Every
 * message waits until the seed lets it go on, so that all interleave; messages are lost and objects die in between.
 */
export class MergeWorld {
  readonly profiles = new Map<string, MergedProfile>();
  readonly findings: string[] = [];
  readonly #random: Random;
  readonly #engines: Engines;
  readonly #oracle: Engines;
  readonly #waiting: (() => void)[] = [];
  readonly #trace: ((line: string) => void) | undefined;
  readonly #sabotage: MergeSabotage | undefined;
  #troubles: MergeTroubles;
  #busy = 0;
  #epochs = 0;

  constructor(
    seed: number,
    names: readonly string[],
    engines: Engines,
    oracle: Engines,
    troubles: MergeTroubles,
    { sabotage, print }: MergeWorldOptions = {},
  ) {
    this.#random = new Random(seed);
    this.#engines = engines;
    this.#oracle = oracle;
    this.#troubles = troubles;
    this.#trace = print;
    this.#sabotage = sabotage;
    for (const name of names) this.profiles.set(name, new MergedProfile(name));
  }

  /** Begins something that goes on beside everything else. */
  begin(what: string, work: () => Promise<unknown>): void {
    this.#busy++;
    this.#trace?.(`begins ${what}`);
    work()
      .then(
        (answer) => this.#trace?.(`ends ${what}: ${JSON.stringify(answer)}`),
        (error: unknown) => this.#trace?.(`fails ${what}: ${error}`),
      )
      .finally(() => this.#busy--);
  }

  /** Lets everything go on, in an order by chance, until nothing is left to do. */
  async settle(): Promise<void> {
    for (let step = 0; step < MOST_STEPS; step++) {
      await this.step();
      if (this.#busy > 0 || this.#waiting.length > 0) continue;
      const due = [...this.profiles.values()].filter(({ hasAlarm }) => hasAlarm);
      if (due.length === 0) return;
      this.ring(due[this.#random.whole(0, due.length - 1)]?.name ?? "");
    }
    this.findings.push("it never ends");
  }

  async step(): Promise<void> {
    const at = this.#random.whole(0, Math.max(0, this.#waiting.length - 1));
    this.#waiting.splice(at, 1)[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  heal(): void {
    this.#troubles = { lost: 0, crash: 0, traps: 0 };
    for (const { storage } of this.profiles.values()) storage.arm(undefined);
  }

  ring(name: string): void {
    const profile = this.profile(name);
    if (!profile.hasAlarm) return;
    profile.hasAlarm = false;
    this.begin(`alarm of ${name}`, () => this.#within(profile, ({ mover }) => mover.goOn()));
  }

  evict(name: string): void {
    this.profile(name).instance = undefined;
  }

  merge(from: string, into: string): Promise<unknown> {
    return this.#within(this.profile(from), ({ mover }) => mover.merge(from, into));
  }

  /** Asks the profile, and whatever it says it has moved to. */
  unmerge(name: string): Promise<unknown> {
    return this.#follow(name, (at) => this.#within(this.profile(at), ({ mover }) => mover.unmerge(at, name)));
  }

  /** Sends events; the books are kept by what the object that takes them says. */
  ingest(name: string, events: Event[]): Promise<unknown> {
    return this.#follow(name, async (at) => {
      const { keeper } = this.#undisturbed(at);
      const answer =
        at === name || this.#sabotage === "origin"
          ? keeper.ingest(at, events)
          : keeper.ingest(at, events, name);
      if (answer.status === "ingested") this.#enter(name, events, answer.receipts);
      return answer;
    });
  }

  erase(name: string, id: string): Promise<unknown> {
    return this.#follow(name, async (at) => {
      const { keeper } = this.#undisturbed(at);
      const { members, leaving } = keeper.merges;
      const holders = [at, ...members.keys()].filter((one) => !leaving.has(one));
      const had = holders.filter((one) => this.profile(one).accepted.has(id));
      const answer = keeper.erase(id);
      for (const one of answer.status === "erased" ? holders : []) {
        this.profile(one).accepted.delete(id);
        this.profile(one).erased.add(id);
      }
      const isKnown = had.length > 0 || this.profile(at).erased.has(id);
      const isRight = answer.status === (isKnown ? "erased" : "unknown");
      if (!isRight && answer.status !== "merging" && answer.status !== "moved")
        this.findings.push(`${id} of ${had} is ${answer.status}`);
      return answer;
    });
  }

  /** The profiles that are by themselves, each with those that are part of it. */
  trees(): Map<string, string[]> {
    const trees = new Map<string, string[]>();
    const seen = new Map<string, string>();
    for (const profile of this.profiles.values()) {
      const { moved, members, moving } = this.#wake(profile).keeper.merges;
      if (moving !== undefined && moving.phase !== "settled")
        this.findings.push(`${profile.name} is still ${moving.kind} ${moving.phase}`);
      if (moved !== undefined) continue;
      trees.set(profile.name, [profile.name, ...members.keys()]);
      for (const name of members.keys()) {
        if (seen.has(name)) this.findings.push(`${name} is part of ${seen.get(name)} and ${profile.name}`);
        seen.set(name, profile.name);
      }
    }
    for (const { name } of this.profiles.values()) {
      const root = this.rootOf(name);
      if (root !== (seen.get(name) ?? name))
        this.findings.push(`${name} leads to ${root}, not ${seen.get(name)}`);
    }
    return trees;
  }

  rootOf(name: string): string {
    let at = name;
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      const { moved } = this.#wake(this.profile(at)).keeper.merges;
      if (moved === undefined) return at;
      at = moved.to;
    }
    return "nowhere";
  }

  /** Compares every profile with the fold of what its parts have acknowledged. */
  check(): void {
    for (const [root, names] of this.trees()) {
      const expected = new Map<string, Event>();
      for (const name of names)
        for (const [id, event] of this.profile(name).accepted) expected.set(id, event);
      for (const when of ["", " after eviction"]) {
        const { keeper } = this.#wake(this.profile(root));
        const answer = keeper.read({ at: END });
        if (answer.status === "unknown" && expected.size === 0) continue;
        if (answer.status !== "found") this.findings.push(`${root} is ${answer.status}${when}`);
        else {
          const folded = expectedProfile(this.#oracle.get(0), root, expected.values(), answer.version, END);
          const merged = names.length > 1 ? `"merged":${JSON.stringify(names.slice(1))},` : "";
          const profile = folded.replace(/"refolding":null}$/, `${merged}$&`);
          if (profile !== answer.json) {
            const listed = keeper.events({ limit: 1000 });
            const found = new Set(listed.status === "listed" ? listed.events.map(({ id }) => id) : []);
            const odd = [...found, ...expected.keys()].filter((id) => found.has(id) !== expected.has(id));
            this.findings.push(`${root} differs by ${odd}`);
            this.findings.push(`${root} of ${names}${when}: ${firstDifference(answer.json, profile)}`);
          }
        }
        this.evict(root);
      }
    }
  }

  close(): void {
    if (this.#engines.misused) this.findings.push("a kernel was used that had trapped");
    for (const { storage } of this.profiles.values()) storage.close();
  }

  profile(name: string): MergedProfile {
    const profile = this.profiles.get(name);
    if (profile === undefined) throw new Error(`there is no ${name}`);
    return profile;
  }

  #enter(name: string, events: readonly Event[], receipts: readonly Receipt[]): void {
    const { accepted, erased } = this.profile(name);
    events.forEach((event, i) => {
      const status = receipts[i]?.status;
      const isIn = status === "applied" || status === "duplicate";
      if (isIn && erased.has(event.id))
        this.findings.push(`${event.id} of ${name} was erased and is ${status}`);
      if (isIn) accepted.set(event.id, event);
      if (status === "suppressed" && accepted.has(event.id))
        this.findings.push(`${event.id} of ${name} is suppressed, and was acknowledged`);
    });
  }

  async #follow<T extends { status: string }>(
    name: string,
    ask: (at: string) => Promise<T>,
  ): Promise<T | undefined> {
    let at = name;
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      await this.#pause();
      const answer = await ask(at);
      if (answer.status !== "moved" || !("to" in answer) || typeof answer.to !== "string") return answer;
      at = answer.to;
    }
    return undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Works on an instance; when that dies of it, so does what it had in memory. */
  async #within<T>(profile: MergedProfile, work: (instance: Instance) => T | Promise<T>): Promise<T> {
    const instance = this.#wake(profile);
    if (this.#random.chance(this.#troubles.crash)) {
      const after = this.#random.whole(1, 25);
      profile.storage.arm({ kind: "crash", after, done: this.#random.chance(0.5) });
    }
    try {
      return await work(instance);
    } catch (error) {
      profile.storage.arm(undefined);
      if (profile.instance === instance) profile.instance = undefined;
      throw error;
    }
  }

  /** For work that the books are kept of: nothing fails in it. */
  #undisturbed(name: string): Instance {
    const profile = this.profile(name);
    profile.storage.arm(undefined);
    return this.#wake(profile);
  }

  #wake(profile: MergedProfile): Instance {
    profile.instance ??= this.#start(profile);
    return profile.instance;
  }

  #start(profile: MergedProfile): Instance {
    const keeper = new Keeper({
      storage: profile.storage.open(),
      engine: () => this.#engines.get(0),
      discardEngine: () => this.#engines.discard(0),
      wakeAt: () => {},
      retention: { events: Number.POSITIVE_INFINITY },
      now: () => START,
    });
    const merging = new Merging(keeper, () => `epoch-${this.#epochs++}`);
    const parcels = new Parcels(keeper);
    const mover = new Mover({
      merging,
      parcels,
      peer: (user) => this.#peer(user),
      wake: () => {
        profile.hasAlarm = true;
      },
      sleep: () => this.#pause(),
    });
    return { keeper, merging, parcels, mover };
  }

  /** Another object, over a network. */
  #peer(name: string): MergeRpc {
    const call = async <T>(what: string, work: (instance: Instance) => T | Promise<T>): Promise<T> => {
      await this.#pause();
      if (this.#random.chance(this.#troubles.lost)) throw new Error(`${what} to ${name} is lost`);
      const answer = await this.#within(this.profile(name), work);
      this.#trace?.(`${name} ${what}: ${JSON.stringify(answer)}`);
      await this.#pause();
      if (this.#random.chance(this.#troubles.lost)) throw new Error(`the answer to ${what} is lost`);
      return answer;
    };
    return {
      merge: (user, into) => call("merge", ({ mover }) => mover.merge(user, into)),
      unmerge: (user, member) => call("unmerge", ({ mover }) => mover.unmerge(user, member)),
      standing: () => call("standing", ({ merging }) => merging.standing()),
      adopt: (user, offer) =>
        call("adopt", ({ merging }) =>
          merging.adopt(user, this.#sabotage === "erasures" ? { ...offer, erasures: [] } : offer),
        ),
      restore: (user, back) => call("restore", ({ merging }) => merging.restore(user, back)),
      take: (user, epoch, parcel) =>
        call("take", ({ keeper, parcels }) => {
          if (this.#sabotage === "parcel" && this.#random.chance(0.2)) return { status: "taken" };
          // A parcel that comes again after the profile is gone on is taken for a new one.
          const isOver = this.#sabotage === "number" && !keeper.merges.arriving.has(epoch);
          if (isOver) return keeper.ingest(user, parcel.events) && { status: "taken" };
          this.#engines.get(0).kernel.arm(this.#random.chance(this.#troubles.traps) ? 1 : 0);
          try {
            return parcels.take(user, epoch, parcel);
          } finally {
            this.#engines.get(0).kernel.arm(0);
          }
        }),
    };
  }
}

/** An event that is the same whoever sends it: of one id in two profiles it does not matter which one counts. */
export function eventOf(user: string, n: number): Event {
  return {
    id: `e${n}`,
    user,
    name: ["Product Viewed", "Product Added", "Order Completed"][n % 3] ?? "",
    time: START + ((n * 7919) % 500) * HOUR_MS,
    receivedAt: START,
    properties: { product_id: `p${n % 13}`, category: `c${n % 5}`, price: n + 0.5, value: n },
    ...(n % 11 === 0 ? { traits: { plan: `plan-${n}`, since: n } } : {}),
  };
}

import { Random } from "../src/cli/random.ts";
import type { Event } from "../src/events/event.ts";
import { Device, type Draft, START } from "./behaviour.ts";
import { type Habits, SimulatedClient } from "./client.ts";
import { simulated } from "./definitions.ts";
import { Engines } from "./engines.ts";
import { Findings } from "./findings.ts";
import { KEEP_EVERYTHING, type Keeping, keepingOf } from "./keeping.ts";
import { Network } from "./network.ts";
import { type Sabotage, SimulatedObject, type Surroundings } from "./object.ts";
import { Schedule } from "./schedule.ts";
import type { Fault } from "./storage.ts";
import { Trace } from "./trace.ts";

export interface SimulationResult {
  seed: number;
  acknowledged: number;
  findings: Findings;
  /** Of everything that happened. */
  hash: string;
}

export interface SimulationOptions {
  /** Breaks something on purpose. */
  sabotage?: Sabotage;
  /** What chance decides without it. */
  size?: Size;
  /** Is told every step. */
  print?: (line: string) => void;
}

const DAY_MS = 86_400_000;
/** After every event: the whole profile is read there. */
const END = START + 3650 * DAY_MS;
/** More than any history is refolded in. */
const MOST_SLICES = 10;
/** More than any run takes; one that takes more goes in circles. */
const MOST_ACTIONS = 50_000;

const engines = new Engines(simulated);
const oracle = new Engines(simulated);

/** A run: everything that chance decides comes from `seed`, and nothing from a clock. */
export function simulate(seed: number, options: SimulationOptions = {}): SimulationResult {
  engines.reset();
  const world = new World(seed, options);
  world.run();
  return { seed, acknowledged: world.acknowledged, findings: world.findings, hash: world.trace.hash };
}

/** How large a run is: `batch` is the most new events that a client sends at once. */
export interface Size {
  users: number;
  events: number;
  clients: number;
  batch: number;
}

/** A history that is folded in slices when its definition changes. */
export const LONG_HISTORY: Size = { users: 1, events: 18_000, clients: 3, batch: 1500 };

class World {
  readonly findings = new Findings();
  readonly trace: Trace;
  readonly #random: Random;
  readonly #schedule = new Schedule();
  readonly #network: Network;
  readonly #objects = new Map<string, SimulatedObject>();
  readonly #clients: SimulatedClient[];
  /** How often an object fails while it takes a batch in, of 1. */
  #trouble: number;
  #traps: number;
  readonly #poison: number;
  readonly #keeping: Keeping;

  constructor(seed: number, { sabotage, size: given, print }: SimulationOptions) {
    const random = new Random(seed);
    this.#random = random;
    this.trace = new Trace(print);
    const drawn = sizeOf(random);
    // Of a long history the state is for a while of another definition, and not of what was dropped.
    this.#keeping = given !== undefined || drawn === LONG_HISTORY ? KEEP_EVERYTHING : keepingOf(seed);
    const { pace, retention } = this.#keeping;
    const isByCount = retention.events < Number.POSITIVE_INFINITY;
    const size = given ?? this.#keeping.size ?? drawn;
    this.#trouble = random.between(0, 0.4);
    // Where pages go by count, what is taken in one by one may be gone before it is known that it was there.
    this.#traps = random.chance(0.2) && !isByCount ? 0.05 : 0;
    // Few, and none in large batches: each is found by taking in the events of its batch one by one.
    this.#poison = random.chance(0.1) && size.batch < 1000 && !isByCount ? 2 / size.events : 0;
    this.#network = new Network(this.#schedule, random, {
      lost: random.between(0, 0.25),
      replyLost: random.between(0, 0.25),
      twice: random.between(0, 0.2),
      slow: random.between(0, 0.1),
    });
    const around: Surroundings = {
      engines,
      oracle,
      findings: this.findings,
      trace: this.trace,
      now: () => START + this.#schedule.now * pace,
      at: (time, call) => {
        const afterMs = (time - START) / pace - this.#schedule.now;
        this.#schedule.after(Math.max(1, Math.ceil(afterMs)), call);
      },
      fault: () => this.#fault(),
      sabotage,
    };
    for (let i = 0; i < size.users; i++)
      this.#objects.set(`user-${i}`, new SimulatedObject(`user-${i}`, around));
    this.#clients = Array.from({ length: size.clients }, (_, i) => this.#client(i, size));
    this.trace.add(`seed ${seed}: ${JSON.stringify(size)} ${JSON.stringify(this.#keeping)}`);
  }

  get acknowledged(): number {
    return this.#clients.reduce((sum, client) => sum + client.acknowledged.length, 0);
  }

  run(): void {
    const random = this.#random;
    for (const client of this.#clients) client.start();
    const healAt = random.whole(2000, 8000);
    for (let i = random.whole(0, 3); i > 0; i--)
      this.#schedule.after(random.whole(0, healAt), () => this.#deploy());
    for (let i = random.whole(0, 3); i > 0; i--)
      this.#schedule.after(random.whole(0, healAt), () => this.#look());
    for (let i = random.whole(0, 2); i > 0; i--)
      this.#schedule.after(random.whole(0, healAt), () => this.#damage());
    if (this.#keeping !== KEEP_EVERYTHING) this.#keep(this.#keeping, healAt);
    for (let i = random.chance(0.3) ? random.whole(1, 5) : 0; i > 0; i--)
      this.#schedule.after(random.whole(0, healAt), () => this.#erase());
    this.#schedule.after(healAt, () => this.#heal());
    if (!this.#schedule.run(MOST_ACTIONS)) this.findings.different.push("the clients were never done");
    this.#growOld();
    for (const client of this.#clients) {
      for (const { user, id } of client.acknowledged) this.#object(user).ledger.checkAcknowledged(id);
    }
    for (const object of this.#objects.values()) {
      this.#verify(object);
      object.close();
    }
  }

  /** Retention begins, and is looked at again and again. */
  #keep({ retention, since }: Keeping, healAt: number): void {
    const random = this.#random;
    for (const object of this.#objects.values())
      if (since === 0) object.retention = retention;
      else
        this.#schedule.after(since, () => {
          this.trace.add(`${object.user} keeps ${JSON.stringify(retention)}`);
          object.configure(retention);
        });
    for (let i = random.whole(2, 6); i > 0; i--)
      this.#schedule.after(random.whole(0, 2 * healAt), () => {
        this.#look();
        for (const object of this.#objects.values()) {
          if (random.chance(0.3)) object.evict();
          if (this.#trouble === 0) object.checkKept();
        }
      });
  }

  /** Nobody sends anything any more, until all is old. */
  #growOld(): void {
    const { retention, pace } = this.#keeping;
    if (retention.ageMs === undefined) return;
    const newest = [...this.#objects.values()].reduce((time, { ledger }) => Math.max(time, ledger.newest), 0);
    const until = (newest + retention.ageMs + 2 * DAY_MS - START) / pace;
    this.#schedule.after(Math.max(0, until - this.#schedule.now), () => undefined);
    this.#schedule.run(MOST_ACTIONS);
  }

  #client(index: number, { users, events, clients, batch }: Size): SimulatedClient {
    const random = this.#random;
    const device = new Device(random, `c${index}`, random.whole(-7_200_000, 7_200_000));
    const drafts: Draft[] = [];
    for (let i = Math.ceil(events / clients); i > 0; i--) {
      const user = `user-${random.whole(0, users - 1)}`;
      const draft = random.chance(this.#poison) ? device.nextPoison(user) : device.next(user);
      drafts.push(draft);
      // The same id of another user is another event.
      const twin = `user-${random.whole(0, users - 1)}`;
      if (random.chance(0.05) && twin !== draft.user) drafts.push({ ...draft, user: twin });
    }
    const habits: Habits = {
      batch,
      timeoutMs: random.whole(200, 1000),
      again: random.chance(0.5) ? random.between(0, 0.05) : 0,
      // Of what went by count nothing tells that it comes again, if it then has a later time than all of that.
      corrects: random.chance(0.3) && this.#keeping.retention.events === Number.POSITIVE_INFINITY,
      conflicts: random.chance(0.2) ? 0.1 : 0,
    };
    return new SimulatedClient(drafts, habits, this.#schedule, this.#network, random, (user, batch) =>
      this.#deliver(user, batch),
    );
  }

  /** A message has reached an object. */
  #deliver(user: string, events: readonly Event[]) {
    const random = this.#random;
    const object = this.#object(user);
    if (random.chance(0.1)) object.evict();
    else if (random.chance(0.03)) object.askOlder(random.pick(["ingest", "read", "events"]), events);
    const trap = random.chance(this.#traps) ? random.whole(1, 4) : 0;
    const receipts = object.ingest(events, this.#fault(), trap);
    if (receipts === undefined || !random.chance(this.#trouble / 4)) return receipts;
    this.trace.add(`${user} dies after its commit`);
    object.evict();
    return undefined;
  }

  #fault(): Fault | undefined {
    const random = this.#random;
    if (!random.chance(this.#trouble)) return undefined;
    return {
      kind: random.pick(["storage", "crash"]),
      after: random.whole(1, 10),
      done: random.chance(0.5),
    };
  }

  /** Another definition comes: with a restart, or object by object. */
  #deploy(): void {
    const random = this.#random;
    const definition = random.whole(0, simulated.length - 1);
    const isRolling = random.chance(0.5);
    for (const object of this.#objects.values()) {
      this.#schedule.after(isRolling ? random.whole(0, 1000) : 0, () => {
        this.trace.add(`${object.user} gets definition ${definition}`);
        object.deploy(definition);
        if (!random.chance(0.3)) object.evict();
      });
    }
  }

  /** Somebody reads, in the middle of it. */
  #look(): void {
    const random = this.#random;
    const object = this.#object(`user-${random.whole(0, this.#objects.size - 1)}`);
    const fault = this.#fault();
    if (random.chance(0.5)) object.checkRead(END, fault);
    else object.checkRead(this.#someTime(), fault);
    object.checkList({ limit: random.whole(10, 200) });
  }

  /** Neither a state nor a checkpoint is the truth: one of them rots. */
  #damage(): void {
    const random = this.#random;
    // But what was dropped is nowhere else.
    if (this.#keeping !== KEEP_EVERYTHING) return;
    const object = this.#object(`user-${random.whole(0, this.#objects.size - 1)}`);
    if (object.damage((below) => random.whole(0, below - 1))) this.trace.add(`${object.user} is damaged`);
  }

  #erase(): void {
    const random = this.#random;
    this.#object(`user-${random.whole(0, this.#objects.size - 1)}`).erase(
      (below) => random.whole(0, below - 1),
      this.#fault(),
    );
  }

  #heal(): void {
    this.trace.add("all heals");
    this.#network.heal();
    this.#trouble = 0;
    this.#traps = 0;
  }

  /** All is acknowledged: what memory has, and what storage has, is what the oracle has. */
  #verify(object: SimulatedObject): void {
    const random = this.#random;
    for (let i = 0; i < MOST_SLICES && object.refolding; i++) object.tend();
    if (object.refolding) this.findings.different.push(`${object.user}: the refold did not end`);
    object.checkRead(END);
    object.evict();
    object.checkRead(END);
    object.checkList({ limit: 200 });
    object.checkKept();
    const from = this.#someTime();
    if (random.chance(0.3)) object.checkRead(from);
    const limit = random.whole(5, 50);
    if (random.chance(0.5)) object.checkList({ limit, from, to: from + 3 * DAY_MS });
    else object.checkList({ limit, name: "Product Viewed" });
  }

  /** While the events were, or a little before. */
  #someTime(): number {
    return START + this.#random.whole(-5 * DAY_MS, 10 * DAY_MS);
  }

  #object(user: string): SimulatedObject {
    const object = this.#objects.get(user);
    if (object === undefined) throw new Error(`there is no ${user}`);
    return object;
  }
}

/** Mostly small ones, for many seeds; some in which pages are sealed and split, and checkpoints lie between them. */
function sizeOf(random: Random): Size {
  const draw = random.next();
  if (draw < 0.0002) return LONG_HISTORY;
  if (draw < 0.002) return { users: 1, events: 1800, clients: 3, batch: 150 };
  if (draw < 0.025) return { users: 1, events: 400, clients: 3, batch: random.whole(8, 80) };
  return {
    users: random.whole(1, 3),
    events: random.whole(10, 60),
    clients: random.whole(1, 3),
    batch: random.whole(2, 12),
  };
}

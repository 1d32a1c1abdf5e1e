import type { ProfileStub } from "../environment.ts";
import type { Event, Json } from "../events/event.ts";
import type { InterestView, ScoreView } from "../kernel/view.ts";
import type { Failed } from "../profile/contract.ts";
import type { Moved } from "../profile/merge-contract.ts";

/** A trait, and where and when it was last told. */
export interface ListedTrait {
  name: string;
  value: Json;
  source: string | null;
  updatedAt: string | null;
}

type Unknown = { status: "unknown" };

/** The declared traits of a profile, or those of a class. */
export async function traitsOf(
  profile: ProfileStub,
  kind: "audience" | "computed_trait" | undefined,
): Promise<{ status: "found"; traits: ListedTrait[] } | Unknown | Moved | Failed> {
  switch (kind) {
    case undefined: {
      const read = await readFields<{ traits: Declared }>(profile, ["traits"]);
      return read.status === "found" ? { status: "found", traits: declared(read.value.traits) } : read;
    }
    case "computed_trait": {
      const read = await readFields<Computed>(profile, ["asOf", "interests", "scores"]);
      return read.status === "found" ? { status: "found", traits: computed(read.value) } : read;
    }
    case "audience": {
      const read = await readFields(profile, []);
      return read.status === "found" ? { status: "found", traits: [] } : read;
    }
  }
}

/** The first and the last event of a profile, and when it was seen first and last. */
export interface Ends {
  status: "found";
  /** The profile's own id, and those of the profiles that were merged into it. */
  ids: string[];
  /** Undefined when it is no longer kept. */
  first: Event | undefined;
  last: Event | undefined;
  firstSeen: string | null;
  lastSeen: string | null;
}

export async function endsOf(profile: ProfileStub): Promise<Ends | Unknown | Moved | Failed> {
  const [read, oldest, newest] = await Promise.all([
    readFields<Seen>(profile, ["id", "merged", "firstSeen", "lastSeen"]),
    profile.events({ limit: 1, oldestFirst: true }),
    profile.events({ limit: 1 }),
  ]);
  if (read.status !== "found") return read;
  if (oldest.status !== "listed") return oldest;
  if (newest.status !== "listed") return newest;
  const { id, merged = [], firstSeen, lastSeen } = read.value;
  const first = oldest.events.find(({ time }) => new Date(time).toISOString() === firstSeen);
  return { status: "found", ids: [id, ...merged], first, last: newest.events[0], firstSeen, lastSeen };
}

type Seen = Pick<Ends, "firstSeen" | "lastSeen"> & { id: string; merged?: string[] };

/** Whether there is a profile at all; one that cannot be read is one. */
export async function isKnown(profile: ProfileStub): Promise<boolean> {
  return (await readFields(profile, [])).status !== "unknown";
}

async function readFields<T extends object>(
  profile: ProfileStub,
  fields: string[],
): Promise<{ status: "found"; value: T } | Unknown | Moved | Failed> {
  const read = await profile.read({ fields });
  if (typeof read === "string") {
    const value: T = JSON.parse(read.slice(read.indexOf(" ") + 1));
    return { status: "found", value };
  }
  if (read.status === "failed" || read.status === "moved" || read.status === "unknown") return read;
  throw new Error(`a read of the present was answered with ${read.status}`);
}

type Declared = Record<string, { value: Json; time: string; source?: string }>;

function declared(traits: Declared): ListedTrait[] {
  return Object.entries(traits).map(([name, { value, time, source = null }]) => ({
    name,
    value,
    source,
    updatedAt: time,
  }));
}

interface Computed {
  asOf: string;
  interests: Record<string, InterestView>;
  scores: Record<string, ScoreView>;
}

/** The heaviest key of each interest, `top_<dimension>`, and each model's probability, `score_<model>`. */
function computed({ asOf, interests, scores }: Computed): ListedTrait[] {
  const trait = (name: string, value: Json): ListedTrait => ({ name, value, source: null, updatedAt: asOf });
  return [
    ...Object.entries(interests).flatMap(([dimension, { top }]) =>
      top[0] === undefined ? [] : [trait(`top_${dimension}`, top[0].key)],
    ),
    ...Object.entries(scores).map(([model, { probability }]) => trait(`score_${model}`, probability)),
  ];
}

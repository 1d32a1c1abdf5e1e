import { hash53 } from "../kernel/hash.ts";

/** A profile at one version, each top-level member as JSON; of a user who has none, version 0 and no members. */
export interface Portrait {
  version: number;
  members: ReadonlyMap<string, Member> | undefined;
}

interface Member {
  json: string;
  hash: number;
}

/**
 * What a reader has of a profile: of each member the hash of its JSON as last sent. Hashes, because a reader outlives
 * the memory of its object, and what it keeps over that must be small. A member that is not named may be anything;
 * undefined when the reader has no profile at all.
 */
export type Held = Readonly<Record<string, number>> | undefined;

/** A message for a reader, and what it has once it has that. */
export interface Message {
  text: string;
  held: Held;
}

export function portray(version: number, profile: object | undefined): Portrait {
  if (profile === undefined) return { version, members: undefined };
  const members = new Map<string, Member>();
  for (const [name, value] of Object.entries(profile)) {
    const json = JSON.stringify(value);
    members.set(name, { json, hash: hash53(json) });
  }
  return { version, members };
}

/** The profile as a whole, or those members of it that the reader asked for; null when there is none. */
export function snapshot({ version, members }: Portrait, fields: readonly string[] | undefined): Message {
  if (members === undefined) {
    return { text: `{"type":"snapshot","version":${version},"profile":null}`, held: undefined };
  }
  const chosen = choose(members, fields);
  return {
    text: `{"type":"snapshot","version":${version},"profile":${objectOf(chosen)}}`,
    held: hashesOf(chosen),
  };
}

/**
 * What changed since a reader got what it has; undefined when none of its fields did. Members are told whole, because
 * a JSON merge patch (RFC 7396) cannot: in it null means "remove", and profiles have nulls. That the time of reading is
 * another is no change by itself.
 */
export function change(
  portrait: Portrait,
  fields: readonly string[] | undefined,
  held: Held,
): Message | undefined {
  const { version, members } = portrait;
  if (held === undefined) return members === undefined ? undefined : snapshot(portrait, fields);
  if (members === undefined) return snapshot(portrait, fields);
  const changed = choose(members, fields).filter(([name, { hash }]) => held[name] !== hash);
  if (changed.every(([name]) => name === "asOf")) return undefined;
  return {
    text: `{"type":"change","version":${version},"changed":${objectOf(changed)}}`,
    held: { ...held, ...hashesOf(changed) },
  };
}

type Members = readonly (readonly [string, Member])[];

function choose(members: ReadonlyMap<string, Member>, fields: readonly string[] | undefined): Members {
  return fields === undefined ? [...members] : [...members].filter(([name]) => fields.includes(name));
}

function objectOf(members: Members): string {
  return `{${members.map(([name, { json }]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

function hashesOf(members: Members): Record<string, number> {
  return Object.fromEntries(members.map(([name, { hash }]) => [name, hash]));
}

import type { Json } from "../events/event.ts";
import type { Compiled } from "../kernel/compile.ts";
import type { Labels } from "../kernel/decode.ts";
import { hashBytes } from "../kernel/hash.ts";
import type { Kernel } from "../kernel/instance.ts";
import { parseStored } from "./frame.ts";

/** A declared property of a user: the last one by event time. */
export interface Trait {
  value: Json;
  /** Of the event that declared it, ms. */
  time: number;
  /** Where that event came from. */
  source?: string;
}

/** A profile as folded so far. Never changed in place: a fold makes a new one. */
export interface State {
  /** The kernel's block. */
  kernel: Uint8Array;
  /** The texts of the kernel's interest keys, by slot. */
  labels: Labels;
  traits: ReadonlyMap<string, Trait>;
}

/** The state of a user of whom nothing is known. */
export function freshState(kernel: Kernel, compiled: Compiled): State {
  const slots = compiled.dimensions.reduce((sum, dimension) => sum + dimension.keep, 0);
  return {
    kernel: kernel.fresh(compiled),
    labels: new Array<string | null>(slots).fill(null),
    traits: new Map(),
  };
}

/**
 * The state as bytes: the length of the kernel's block, the block, then as JSON the fingerprint of the definition it
 * was folded under, the labels and the traits.
 */
export function packState(fingerprint: string, { kernel, labels, traits }: State): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify([fingerprint, labels, [...traits]]));
  const bytes = new Uint8Array(4 + kernel.length + text.length);
  new DataView(bytes.buffer).setUint32(0, kernel.length, true);
  bytes.set(kernel, 4);
  bytes.set(text, 4 + kernel.length);
  return bytes;
}

const digests = new WeakMap<State, { fingerprint: string; digest: string }>();

/** A short fingerprint of a state's bytes: equal for profiles that were folded from the same events. */
export function digestOf(fingerprint: string, state: State): string {
  const known = digests.get(state);
  if (known?.fingerprint === fingerprint) return known.digest;
  const digest = hashBytes(packState(fingerprint, state)).toString(36);
  digests.set(state, { fingerprint, digest });
  return digest;
}

/** The inverse of {@link packState}; undefined for a state that was folded under another definition. */
export function unpackState(fingerprint: string, bytes: Uint8Array): State | undefined {
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const [under, labels, traits]: [string, Labels, [string, Trait][]] = parseStored(
    new TextDecoder().decode(bytes.subarray(end)),
  );
  if (under !== fingerprint) return undefined;
  // A copy of its own, because the kernel's block is read as f64 and must be aligned.
  return { kernel: new Uint8Array(bytes.subarray(4, end)), labels, traits: new Map(traits) };
}

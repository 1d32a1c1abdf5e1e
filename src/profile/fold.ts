import type { Event, Json } from "../events/event.ts";
import type { Compiled } from "../kernel/compile.ts";
import { changedSlots } from "../kernel/decode.ts";
import { encodeEvent, type Keys, recordCount } from "../kernel/encode.ts";
import type { Kernel } from "../kernel/instance.ts";
import type { State, Trait } from "./state.ts";

/** Most traits a profile declares; later names are kept in the journal but not in the profile. */
export const MOST_TRAITS = 100;

/** Longest label of an interest key that is kept, in characters; longer keys count apart but show their start. */
const LONGEST_LABEL = 64;

/** The kernel trapped, or found what cannot be: nothing it left behind may be used. */
export class FoldError extends Error {
  constructor(cause: unknown) {
    super("a fold failed", { cause });
    this.name = "FoldError";
  }
}

/**
 * U over events, as {@link fold}.
 * @throws FoldError
 */
export function foldEvents(
  kernel: Kernel,
  compiled: Compiled,
  state: State,
  events: readonly Event[],
): State {
  try {
    return fold(kernel, compiled, state, events);
  } catch (error) {
    throw new FoldError(error);
  }
}

/** U over events, which come in (time, id) order after all that `state` holds. `state` itself is left as it is. */
function fold(kernel: Kernel, compiled: Compiled, state: State, events: readonly Event[]): State {
  const capacity = kernel.capacity(compiled);
  const keys: Keys = new Map();
  let traits: ReadonlyMap<string, Trait> = state.traits;
  let bytes = state.kernel;
  let records = 0;
  const trait = (name: string): Json | undefined => traits.get(name)?.value;
  for (const event of events) {
    if (records + recordCount(compiled, event) > capacity) {
      bytes = kernel.fold(compiled, bytes, records);
      records = 0;
    }
    if (event.traits !== undefined) traits = declare(traits, event);
    records += encodeEvent(kernel, compiled, event, trait, records, keys);
  }
  if (records > 0) bytes = kernel.fold(compiled, bytes, records);
  return { kernel: bytes, labels: relabel(kernel, compiled, state, bytes, keys), traits };
}

/** Last by event time wins; null takes a trait back. */
function declare(traits: ReadonlyMap<string, Trait>, event: Event): ReadonlyMap<string, Trait> {
  const next = new Map(traits);
  for (const [name, value] of Object.entries(event.traits ?? {})) {
    if (value === null) next.delete(name);
    else if (next.has(name) || next.size < MOST_TRAITS) {
      next.set(name, {
        value,
        time: event.time,
        ...(event.source === undefined ? {} : { source: event.source }),
      });
    }
  }
  return next;
}

/** The labels of the slots: those of keys that stayed, and those of the keys just folded. */
function relabel(
  kernel: Kernel,
  compiled: Compiled,
  state: State,
  bytes: Uint8Array,
  keys: Keys,
): State["labels"] {
  const changed = keys.size === 0 ? [] : changedSlots(kernel, compiled, state.kernel, bytes);
  // The same array when nothing changed: what was packed of it before can then be used again.
  if (changed.length === 0) return state.labels;
  const labels = state.labels.slice();
  for (const { slot, key } of changed) {
    const text = keys.get(key);
    // A slot takes another key only from a record that was just encoded.
    if (text === undefined) throw new Error(`the key in interest slot ${slot} was folded from no event`);
    labels[slot] = text.slice(0, LONGEST_LABEL).toWellFormed();
  }
  return labels;
}

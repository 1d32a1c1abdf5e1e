import type { Event, Json, JsonObject } from "../events/event.ts";
import type { Compiled } from "./compile.ts";
import { hash53 } from "./hash.ts";
import type { Kernel } from "./instance.ts";
import { asCategory, asNumber } from "./path.ts";

/** Reads a trait's current value. */
export type TraitReader = (name: string) => Json | undefined;

/** What the fold reads of an event. */
export type Foldable = Pick<Event, "time" | "name" | "properties">;

/** The texts of the interest keys that were encoded, by hash: the kernel keeps the hash alone. */
export type Keys = Map<number, string>;

/** How many records an event takes: its own and one for each of its items. */
export function recordCount(compiled: Compiled, event: Foldable): number {
  return 1 + items(compiled, event).length;
}

/**
 * Writes an event's records into the kernel's memory, from record `index` on; there must be room.
 * @returns how many were written.
 */
export function encodeEvent(
  kernel: Kernel,
  compiled: Compiled,
  event: Foldable,
  trait: TraitReader,
  index: number,
  keys: Keys,
): number {
  const { layout } = kernel;
  const name = compiled.names.get(event.name);
  const weight = name?.weight ?? compiled.definition.otherWeight;
  const parts = items(compiled, event);
  let next = index;
  // Parts first: a model that learns from them must not see the event itself counted.
  for (const item of parts) {
    const r = start(kernel, compiled, next++, event.time, weight, name?.index ?? -1, 1);
    encodeProperties(kernel, compiled, r, item, trait, keys);
    encodeLabels(kernel, compiled, r, event.name, item, false);
  }
  const r = start(kernel, compiled, next++, event.time, weight, name?.index ?? -1, 0);
  const value = compiled.value(event.properties);
  kernel.doubles[(r + layout.R_VALUE) >> 3] = Number.isNaN(value) ? 0 : value;
  encodeProperties(kernel, compiled, r, event.properties, trait, keys);
  encodeLabels(kernel, compiled, r, event.name, event.properties, parts.length > 0);
  return next - index;
}

/** What a record is to each model. */
function encodeLabels(
  kernel: Kernel,
  compiled: Compiled,
  r: number,
  name: string,
  properties: JsonObject,
  outcomeOnly: boolean,
): void {
  const { layout } = kernel;
  let at = r + compiled.record.labels;
  for (const { target } of compiled.models) {
    let role = target.role(name, properties);
    // The parts of an event are examples in its place.
    if (outcomeOnly) role &= layout.ROLE_OUTCOME;
    if (role !== 0 && target.key !== undefined) {
      const key = target.key(properties);
      // Without what example and outcome must share, it is neither.
      if (key === "") role = 0;
      else kernel.doubles[(at + layout.RL_KEY) >> 3] = hash53(key);
    }
    if (role !== 0) {
      kernel.ints[(at + layout.RL_ROLE) >> 2] = role;
      const propensity = target.propensity(properties);
      if (propensity > 0 && propensity <= 1) kernel.floats[(at + layout.RL_PROPENSITY) >> 2] = propensity;
    }
    at += layout.RL_BYTES;
  }
}

/** Writes a candidate as record `index`: an event without a name, at `time`. */
export function encodeCandidate(
  kernel: Kernel,
  compiled: Compiled,
  properties: JsonObject,
  time: number,
  trait: TraitReader,
  index: number,
): void {
  const r = start(kernel, compiled, index, time, 0, -1, 0);
  encodeProperties(kernel, compiled, r, properties, trait, undefined);
}

/** Clears a record and writes its head; returns its address. */
function start(
  kernel: Kernel,
  compiled: Compiled,
  index: number,
  time: number,
  weight: number,
  name: number,
  part: number,
): number {
  const { layout } = kernel;
  const r = layout.RECORDS + index * compiled.recordBytes;
  kernel.doubles.fill(0, r >> 3, (r + compiled.recordBytes) >> 3);
  kernel.doubles[(r + layout.R_TIME) >> 3] = time;
  kernel.doubles[(r + layout.R_WEIGHT) >> 3] = weight;
  kernel.ints[(r + layout.R_NAME) >> 2] = name;
  kernel.ints[(r + layout.R_PART) >> 2] = part;
  return r;
}

function encodeProperties(
  kernel: Kernel,
  compiled: Compiled,
  r: number,
  properties: JsonObject,
  trait: TraitReader,
  keys: Keys | undefined,
): void {
  let at = (r + compiled.record.numbers) >> 3;
  for (const number of compiled.numbers) kernel.doubles[at++] = number.read(properties);
  at = (r + compiled.record.keys) >> 3;
  for (const dimension of compiled.dimensions) {
    const text = dimension.read(properties);
    if (text !== "") {
      const hash = hash53(text);
      kernel.doubles[at] = hash;
      keys?.set(hash, text);
    }
    at++;
  }
  at = (r + compiled.record.inputs) >> 2;
  for (const input of compiled.inputs) {
    switch (input.kind) {
      case "number":
        kernel.floats[at++] = input.read(properties);
        break;
      case "number-trait":
        kernel.floats[at++] = asNumber(trait(input.trait));
        break;
      case "category":
        kernel.words[at++] = hash32(input.read(properties));
        break;
      case "category-trait":
        kernel.words[at++] = hash32(asCategory(trait(input.trait)));
        break;
    }
  }
}

/** 0 means missing; that the one text in 2^32 whose low word is 0 counts as missing harms nothing. */
function hash32(text: string): number {
  return text === "" ? 0 : hash53(text) % 4294967296;
}

/** An event's items that say anything. */
function items(compiled: Compiled, event: Foldable): JsonObject[] {
  const { items: name } = compiled.definition;
  if (name === undefined || !Object.hasOwn(event.properties, name)) return [];
  const list = event.properties[name];
  if (!Array.isArray(list)) return [];
  return list.filter(
    (item): item is JsonObject =>
      typeof item === "object" && item !== null && !Array.isArray(item) && Object.keys(item).length > 0,
  );
}

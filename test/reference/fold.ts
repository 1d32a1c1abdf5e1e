import type { Prior } from "../../src/definition/prior.ts";
import { type Definition, durationMs } from "../../src/definition/schema.ts";
import type { Event, Json, JsonObject } from "../../src/events/event.ts";
import type { View } from "../../src/kernel/view.ts";
import type { Profile } from "./features.ts";
import { Interest } from "./interests.ts";
import { type Contribution, Model } from "./model.ts";
import { RunningNumber } from "./numbers.ts";
import { compilePath, isObject, keyAt, numberAt, type Path } from "./properties.ts";
import type { ModelRecord } from "./target.ts";
import { SlidingWindow } from "./windows.ts";

/** What the fold reads of an event. */
export type FoldEvent = Pick<Event, "id" | "time" | "name" | "properties" | "traits">;

export interface Candidate {
  id: string;
  properties: JsonObject;
}

export interface Ranked {
  id: string;
  /** The probability of a positive. */
  score: number;
  sd: number;
  contributions: Contribution[];
}

/** The place of an event's name that the definition does not list. */
const UNLISTED = -1;

/**
 * What `docs/kernel.md` specifies, in plain scalar TypeScript and doubles: the oracle that the kernel's
 * tests compare with, and the opponent of its benchmarks.
 */
export class ReferenceFold {
  private readonly eventNames: string[];
  private readonly weights: number[];
  private readonly otherWeight: number;
  private readonly items: string | undefined;
  private readonly valuePath: Path;
  private readonly numbers = new Map<string, { path: Path; number: RunningNumber }>();
  private readonly models = new Map<string, Model>();
  private readonly profile: Profile;
  private events = 0;
  private firstMs: number | null = null;
  private latestMs: number | null = null;

  /** `prior`: what is known of all users, for the models that it has. */
  constructor(definition: Definition, prior?: Prior) {
    this.eventNames = Object.keys(definition.events);
    this.weights = Object.values(definition.events).map((event) => event.weight);
    this.otherWeight = definition.otherWeight;
    this.items = definition.items;
    this.valuePath = definition.value === undefined ? [] : compilePath(definition.value);
    for (const [name, number] of Object.entries(definition.numbers)) {
      this.numbers.set(name, { path: compilePath(number.path), number: new RunningNumber(number) });
    }
    this.profile = emptyProfile(definition, this.eventNames);
    for (const [name, model] of Object.entries(definition.models)) {
      this.models.set(name, new Model(model, this.profile, prior?.models[name]));
    }
  }

  /** Folds events that are in (time, id) order, none before what is folded already. */
  fold(events: Iterable<FoldEvent>): void {
    for (const event of events) this.foldEvent(event);
  }

  /** The profile at a time, which is not before the last event. */
  view(at: number): View {
    const models = new Map([...this.models].map(([name, model]) => [name, model.at(at)]));
    return {
      events: this.events,
      firstSeen: this.firstMs,
      lastSeen: this.latestMs,
      numbers: fromMap(this.numbers, ({ number }) => number.view()),
      interests: fromMap(this.profile.dimensions, ({ interest }) => interest.view(at)),
      windows: fromMap(this.profile.windows, (window) => {
        const { events, value, counts } = window.total(at);
        const named = this.eventNames.map((name, i): [string, number] => [name, counts[i] ?? 0]);
        return { events, value, counts: Object.fromEntries(named.filter(([, count]) => count > 0)) };
      }),
      scores: fromMap(models, (model) => model.score(at)),
      quality: fromMap(models, (model) => model.qualityView()),
    };
  }

  /** Scores candidates by a model for the user at a time, in the order given. */
  rank(candidates: Candidate[], at: number, model: string): Ranked[] {
    const scorer = this.modelNamed(model).at(at);
    return candidates.map(({ id, properties }) => {
      const { probability, sd, contributions } = scorer.explain(at, properties);
      return { id, score: probability, sd, contributions };
    });
  }

  /** What the model predicted for its newest example before learning it; null before the first. */
  progressive(model: string): number | null {
    return this.modelNamed(model).progressive();
  }

  private foldEvent({ time, name, properties, traits }: FoldEvent): void {
    if (traits !== undefined) {
      for (const [trait, value] of Object.entries(traits)) {
        if (value === null) this.profile.traits.delete(trait);
        else this.profile.traits.set(trait, value);
      }
    }
    const place = this.profile.names.get(name) ?? UNLISTED;
    const weight = place === UNLISTED ? this.otherWeight : (this.weights[place] ?? 0);
    // Parts come first, so that a model that learns from one does not see its event counted.
    const parts = this.partsOf(properties);
    for (const part of parts) {
      this.show({ name, timeMs: time, properties: part, example: true });
      this.foldProperties(time, weight, part);
    }
    this.show({ name, timeMs: time, properties, example: parts.length === 0 });

    this.events += 1;
    this.firstMs ??= time;
    this.latestMs = time;
    if (place !== UNLISTED) this.profile.lastMs[place] = time;
    this.foldProperties(time, weight, properties);
    const value = numberAt(properties, this.valuePath);
    for (const window of this.profile.windows.values()) {
      window.add(time, place, Number.isNaN(value) ? 0 : value);
    }
  }

  /** Models see the state before the record, so that no feature contains the event it helps to predict. */
  private show(record: ModelRecord): void {
    for (const model of this.models.values()) model.take(record);
  }

  private partsOf(properties: JsonObject): JsonObject[] {
    if (this.items === undefined) return [];
    const list = properties[this.items];
    return Array.isArray(list) ? list.filter(isObject).filter((part) => Object.keys(part).length > 0) : [];
  }

  /** The numbers and interests of an event, or of a part of one. */
  private foldProperties(time: number, weight: number, properties: JsonObject): void {
    for (const { path, number } of this.numbers.values()) {
      const x = numberAt(properties, path);
      if (!Number.isNaN(x)) number.add(x, time);
    }
    if (weight <= 0) return;
    for (const { path, interest } of this.profile.dimensions.values()) {
      const key = keyAt(properties, path);
      if (key !== undefined) interest.add(key, weight, time);
    }
  }

  private modelNamed(name: string): Model {
    const model = this.models.get(name);
    if (model === undefined) throw new Error(`expected one of the definition's models, found "${name}"`);
    return model;
  }
}

/** The state that features read, with nothing in it yet. */
function emptyProfile(definition: Definition, eventNames: string[]): Profile {
  const dimensions: Profile["dimensions"] = new Map();
  for (const [name, { path, halfLife, keep }] of Object.entries(definition.interests)) {
    dimensions.set(name, { path: compilePath(path), interest: new Interest(durationMs(halfLife), keep) });
  }
  return {
    traits: new Map<string, Json>(),
    dimensions,
    windows: new Map(
      definition.windows.map((width) => [width, new SlidingWindow(durationMs(width), eventNames.length)]),
    ),
    names: new Map(eventNames.map((name, place) => [name, place])),
    lastMs: eventNames.map(() => NaN),
  };
}

function fromMap<T, U>(map: Map<string, T>, read: (value: T) => U): Record<string, U> {
  return Object.fromEntries([...map].map(([name, value]) => [name, read(value)]));
}

import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Mapping, MappingCondition, MappingProperties } from "./mapping.ts";
import { type Row, readRows } from "./rows.ts";
import { timeReader } from "./timestamps.ts";

/** An event ready to be sent. */
export interface MappedEvent {
  user: string;
  /** Milliseconds since 1970. */
  time: number;
  /** The event as the edge takes it. */
  json: string;
}

/** A row as an event, or why it is none. */
export type Mapped = MappedEvent | { skipped: string };

type Values = Record<string, string | number>;
type Check = (values: string[]) => boolean;
type Read = (values: string[], into: Values) => void;

/**
 * Turns rows into events by a mapping. An event's id is a hash of the row's content and, of identical rows, the
 * how-manieth it is: the same file gives the same ids in any order of its rows, and none twice, so that replaying
 * a file again, whole or in part, adds nothing.
 *
 * The ids seen are kept to find identical rows, which takes about 100 bytes a row and ends at 16 million rows.
 */
export class Mapper {
  /** The columns a row must have, in the order of `Row.values`. */
  readonly columns: readonly string[];
  readonly #mapping: Mapping;
  readonly #user: number;
  readonly #time: (values: string[]) => number | undefined;
  readonly #skip: { when: Check; reason: string }[];
  readonly #names: { when: Check; name: string }[];
  readonly #properties: Read;
  readonly #seen = new Map<string, number>();
  #joined: ((values: string[]) => Values | undefined) | undefined;

  constructor(mapping: Mapping) {
    const columns = new Columns(mapping.na);
    this.columns = columns.names;
    this.#mapping = mapping;
    this.#user = columns.index(mapping.user);
    const time = columns.index(mapping.time.column);
    const readTime = timeReader(mapping.time.format, mapping.time.zone);
    this.#time = (values) => readTime(values[time] ?? "");
    this.#skip = mapping.skip.map(({ when, reason }) => ({ when: columns.check(when), reason }));
    const rules = typeof mapping.event === "string" ? [{ name: mapping.event }] : mapping.event;
    this.#names = rules.map((rule) => ({
      name: rule.name,
      when: "when" in rule && rule.when ? columns.check(rule.when) : () => true,
    }));
    this.#properties = columns.properties(mapping.properties);
    if (mapping.join !== undefined) columns.index(mapping.join.on);
  }

  /** Reads the joined file, if the mapping has one, from the folder of the data file. Comes before the first `map`. */
  async open(dataFile: string): Promise<void> {
    const { join: joined, na } = this.#mapping;
    if (joined === undefined) return;
    const columns = new Columns(na);
    const key = columns.index(joined.key);
    const read = columns.properties(joined.properties);
    const byKey = new Map<string, Values>();
    for await (const { rows } of readRows(join(dirname(dataFile), joined.file), columns.names)) {
      for (const { values } of rows) byKey.set(values[key] ?? "", collect(read, values));
    }
    const on = this.columns.indexOf(joined.on);
    this.#joined = (values) => byKey.get(values[on] ?? "");
  }

  map({ raw, values }: Row): Mapped {
    const rule = this.#skip.find(({ when }) => when(values));
    if (rule !== undefined) return { skipped: rule.reason };
    const id = (values[this.#user] ?? "").trim();
    if (this.#mapping.na.includes(id)) return { skipped: "no user" };
    const time = this.#time(values);
    if (time === undefined) return { skipped: "no readable time" };
    const name = this.#names.find(({ when }) => when(values))?.name;
    if (name === undefined) return { skipped: "no event name" };
    const properties = collect(this.#properties, values);
    Object.assign(properties, this.#joined?.(values));
    const user = this.#userId(id);
    const event = {
      id: this.#eventId(raw),
      userId: user,
      event: name,
      timestamp: new Date(time).toISOString(),
      properties,
    };
    return { user, time, json: JSON.stringify(event) };
  }

  /** The Identify events of the mapping's traits file, of those users who have events. `firstTimes` by user. */
  async *identify(dataFile: string, firstTimes: ReadonlyMap<string, number>): AsyncGenerator<MappedEvent> {
    const { traits, na, name } = this.#mapping;
    if (traits === undefined) return;
    const columns = new Columns(na);
    const userColumn = columns.index(traits.user);
    const read = columns.properties(traits.properties);
    const constant = traits.time === "first-event" ? undefined : Date.parse(traits.time);
    for await (const { rows } of readRows(join(dirname(dataFile), traits.file), columns.names)) {
      for (const { raw, values } of rows) {
        const user = this.#userId((values[userColumn] ?? "").trim());
        const first = firstTimes.get(user);
        if (first === undefined) continue;
        const time = constant ?? first;
        const event = {
          // With the time: another part of the file may have another first event.
          id: digest(`${name}\u001ftraits\u001f${time}\u001f${raw}`),
          userId: user,
          event: "Identify",
          timestamp: new Date(time).toISOString(),
          traits: collect(read, values),
        };
        yield { user, time, json: JSON.stringify(event) };
      }
    }
  }

  #userId(id: string): string {
    return this.#mapping.namespace === undefined ? id : `${this.#mapping.namespace}:${id}`;
  }

  #eventId(raw: string): string {
    const id = digest(`${this.#mapping.name}\u001f${raw}`);
    const occurrence = (this.#seen.get(id) ?? 0) + 1;
    this.#seen.set(id, occurrence);
    return occurrence === 1 ? id : `${id}.${occurrence}`;
  }
}

/** 96 bits of SHA-256: among 10 million rows, two have the same by chance once in 10^15 files. */
function digest(text: string): string {
  return hash("sha256", text, "base64url").slice(0, 16);
}

function collect(read: Read, values: string[]): Values {
  const into: Values = {};
  read(values, into);
  return into;
}

/** Compiles the parts of a mapping against the columns they need, which it gathers. */
class Columns {
  readonly names: string[] = [];
  readonly #na: ReadonlySet<string>;

  constructor(na: readonly string[]) {
    this.#na = new Set(na);
  }

  index(column: string): number {
    const known = this.names.indexOf(column);
    return known >= 0 ? known : this.names.push(column) - 1;
  }

  check(condition: MappingCondition): Check {
    const text = this.#text(condition.column);
    const number = this.#number(condition.column);
    const { is, matches, above, below } = condition;
    if (is === "missing") return (values) => text(values) === undefined;
    if (is === "number") return (values) => number(values) !== undefined;
    if (is === "not-number") return (values) => number(values) === undefined;
    if (above !== undefined) return (values) => (number(values) ?? Number.NEGATIVE_INFINITY) > above;
    if (below !== undefined) return (values) => (number(values) ?? Number.POSITIVE_INFINITY) < below;
    const pattern = new RegExp(matches ?? "");
    return (values) => pattern.test(text(values) ?? "");
  }

  properties(properties: MappingProperties): Read {
    const reads = Object.entries(properties).map(([name, { column, type, product, ratio }]): Read => {
      const value =
        column !== undefined
          ? type === "number"
            ? this.#number(column)
            : this.#text(column)
          : product !== undefined
            ? this.#computed(product, (a, b) => a * b)
            : this.#computed(ratio ?? ["", ""], (a, b) => (b > 0 ? a / b : Number.NaN));
      return (values, into) => {
        const found = value(values);
        if (found !== undefined) into[name] = found;
      };
    });
    return (values, into) => {
      for (const read of reads) read(values, into);
    };
  }

  #text(column: string): (values: string[]) => string | undefined {
    const index = this.index(column);
    return (values) => {
      const text = (values[index] ?? "").trim();
      return this.#na.has(text) ? undefined : text;
    };
  }

  #number(column: string): (values: string[]) => number | undefined {
    const text = this.#text(column);
    return (values) => {
      const found = text(values);
      const value = found === undefined || found === "" ? Number.NaN : Number(found);
      return Number.isFinite(value) ? value : undefined;
    };
  }

  #computed(columns: readonly [string, string], compute: (a: number, b: number) => number) {
    const [first, second] = [this.#number(columns[0]), this.#number(columns[1])];
    return (values: string[]) => {
      const value = compute(first(values) ?? Number.NaN, second(values) ?? Number.NaN);
      return Number.isFinite(value) ? value : undefined;
    };
  }
}

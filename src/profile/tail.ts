import type { Event } from "../events/event.ts";

/** The newest events of a journal, whole and in the order of the fold. */
export class Tail {
  #events: Event[] = [];
  readonly #byId = new Map<string, Event>();

  constructor(events: readonly Event[] = []) {
    this.append(events);
  }

  get events(): readonly Event[] {
    return this.#events;
  }

  find(id: string): Event | undefined {
    return this.#byId.get(id);
  }

  append(events: readonly Event[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#byId.set(event.id, event);
    }
  }

  replace(events: readonly Event[]): void {
    this.#events = [];
    this.#byId.clear();
    this.append(events);
  }
}

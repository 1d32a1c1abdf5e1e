import { compareEvents, type Event } from "../events/event.ts";
import type { Failed } from "./contract.ts";
import { FoldError } from "./fold.ts";
import type { Held, Keeper } from "./keeper.ts";
import type { Parcel } from "./merge-contract.ts";
import type { Moving, Position } from "./merges.ts";

/** Most shadows in a parcel, and tried at once when something that stood in their way has left. */
const SHADOWS = 256;

/**
 * Moves a journal, or a part of it, in parcels: events in their order, then those that do not count. What
 * is sent does not change while it is sent, and a parcel counts once at the other side, by its number; so whatever is
 * lost is sent again.
 */
export class Parcels {
  readonly #keeper: Keeper;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  /** The next parcel to send, and where it ends. */
  next(moving: Moving): { parcel: Parcel; position: Position } | Failed {
    return this.#keeper.transact(({ journal, merges }) => {
      const { user, sent, position } = moving;
      const belongs = belongingTo(moving, merges);
      const named = ({ origin, ...rest }: Event): Event => ({ ...rest, user, origin: origin ?? user });
      const found =
        journal === undefined || position.shadow !== undefined
          ? { events: [] }
          : journal.slice(position.after, ({ origin }) => belongs(origin ?? user));
      const events = found.events.map(named);
      let next: Position = found.next === undefined ? {} : { after: found.next };
      if (found.next === undefined) {
        const hidden = merges.shadows.list(position.shadow, SHADOWS);
        const last = hidden.at(-1);
        events.push(...hidden.filter(({ origin }) => belongs(origin ?? user)));
        next =
          last === undefined || hidden.length < SHADOWS
            ? {}
            : { shadow: { id: last.id, origin: last.origin ?? user } };
      }
      const isLast = next.after === undefined && next.shadow === undefined;
      return { parcel: { number: sent + 1, events, isLast }, position: next };
    });
  }

  /** Takes a parcel in, once. */
  take(user: string, epoch: string, parcel: Parcel): { status: "taken" } | Failed {
    try {
      return this.#take(user, epoch, parcel, parcel.events, true);
    } catch (error) {
      if (!(error instanceof FoldError)) throw error;
    }
    // One of the events, or the history itself, cannot be folded. If it is the history, this throws.
    this.#keeper.resume();
    const failed = this.#byHalves(
      parcel.events,
      (events) => this.#take(user, epoch, parcel, events, false),
      (events) =>
        this.#keeper.transact(({ merges }): undefined => {
          for (const event of events) merges.shadow(user, event);
        }),
    );
    return failed ?? this.#take(user, epoch, parcel, [], true);
  }

  /** A parcel has arrived; after the last one what was sent is no longer here. */
  sent(epoch: string, { number, isLast }: Parcel, position: Position): Failed | undefined {
    return this.#keeper.transact(({ merges, suppressed, journal }): undefined => {
      const { moving } = merges;
      if (moving?.epoch !== epoch || moving.phase !== "sending" || moving.sent !== number - 1) return;
      if (!isLast) {
        merges.move({ ...moving, sent: number, position });
        return;
      }
      const belongs = belongingTo(moving, merges);
      suppressed.removeWhere((origin) => belongs(origin ?? moving.user));
      journal?.removeWhere(({ origin }) => belongs(origin ?? moving.user));
      if (moving.kind === "merge") {
        merges.shadows.clear();
        merges.part([...merges.members.keys()]);
      } else {
        const branch = merges.branch(moving.peer).map(({ name }) => name);
        for (const name of branch) merges.shadows.removeOf(name);
        merges.part(branch);
      }
      const phase = moving.kind === "merge" ? "settled" : "mending";
      merges.move({ ...moving, phase, sent: number, position: {} });
    });
  }

  /** Counts some of the shadows that nothing stands in the way of any more; the giving back ends after the last. */
  mend(moving: Moving): Failed | undefined {
    const { user, epoch, position } = moving;
    const { merges } = this.#keeper;
    const tried = merges.shadows.list(position.shadow, SHADOWS);
    const failed = this.#byHalves(
      tried,
      (events) =>
        this.#keeper.transact((held): undefined => {
          if (held.merges.moving?.epoch === epoch) count(held, user, events);
        }),
      () => undefined,
    );
    if (failed !== undefined) return failed;
    const last = tried.at(-1);
    return this.#keeper.transact((held): undefined => {
      if (held.merges.moving?.epoch !== epoch) return;
      const isDone = last === undefined || tried.length < SHADOWS;
      held.merges.move(
        isDone
          ? undefined
          : { ...moving, position: { shadow: { id: last.id, origin: last.origin ?? user } } },
      );
    });
  }

  #take(
    user: string,
    epoch: string,
    { number, isLast }: Parcel,
    events: readonly Event[],
    isWhole: boolean,
  ): { status: "taken" } | Failed {
    return this.#keeper.transact((held) => {
      const { merges } = held;
      const taken = merges.arriving.get(epoch);
      if (taken === undefined || number <= taken) return { status: "taken" };
      if (number > taken + 1) throw new Error(`parcel ${taken + 1} was expected, ${number} came`);
      if (events.length > 0) receive(held, user, events);
      if (isWhole) {
        merges.arrived(epoch, number, isLast);
        if (isLast) held.journal?.mark();
      }
      return { status: "taken" };
    });
  }

  /** Works on events together; those that trap where they fall are found by halves, and are shadows or stay such. */
  #byHalves(
    events: readonly Event[],
    work: (events: readonly Event[]) => { status: string } | undefined,
    asShadows: (events: readonly Event[]) => Failed | undefined,
  ): Failed | undefined {
    try {
      const failed = work(events);
      return isFailed(failed) ? failed : undefined;
    } catch (error) {
      if (!(error instanceof FoldError)) throw error;
    }
    if (events.length === 1) return asShadows(events);
    const half = events.length >> 1;
    return (
      this.#byHalves(events.slice(0, half), work, asShadows) ??
      this.#byHalves(events.slice(half), work, asShadows)
    );
  }
}

function isFailed(value: { status: string } | undefined): value is Failed {
  return value?.status === "failed";
}

function belongingTo(moving: Moving, merges: Held["merges"]): (origin: string) => boolean {
  return moving.kind === "merge" ? () => true : (origin) => merges.leaving.has(origin);
}

/** Events on their way say whose they are; in the journal the profile's own do not. */
function inJournal(user: string, { origin, ...event }: Event): Event {
  return { ...event, user, ...(origin === undefined || origin === user ? {} : { origin }) };
}

/**
 * Takes events into the journal. Those of which another one has the id, or that are too old, become shadows. Of one
 * event's two copies the one on its way is the older: the other came while it was.
 */
function receive(held: Held, user: string, sent: readonly Event[]): void {
  const { merges, retention, now } = held;
  const journal = held.open(user);
  const events = sent.map((event) => inJournal(user, event));
  // What is too old goes when all has arrived.
  const { receipts, fresh } = journal.admit(events, { events: retention.events }, now);
  const byId = new Map(fresh.map((event) => [event.id, event]));
  events.forEach((event, i) => {
    const { id, origin } = event;
    const status = receipts[i]?.status;
    if (status === "applied" || status === "suppressed") return;
    const first = status === "duplicate" ? (byId.get(id) ?? journal.find(id)) : undefined;
    if (first === undefined || first.origin !== origin) {
      merges.shadows.remove(id, origin ?? user);
      merges.shadow(user, event);
    } else if (!isSame(first, event)) {
      journal.withdraw(id);
      fresh.push(event);
    }
  });
  journal.add(fresh.sort(compareEvents), retention, now);
}

/** Counts what may be counted by now. */
function count({ journal, merges, retention, now }: Held, user: string, shadows: readonly Event[]): void {
  if (journal === undefined) return;
  const events = shadows.map((event) => inJournal(user, event));
  const { receipts, fresh } = journal.admit(events, { events: retention.events }, now);
  events.forEach(({ id, origin }, i) => {
    if (receipts[i]?.status === "applied") merges.shadows.remove(id, origin ?? user);
  });
  journal.add(fresh, retention, now);
}

function isSame(a: Event, b: Event): boolean {
  return (
    a.time === b.time &&
    a.name === b.name &&
    a.source === b.source &&
    JSON.stringify([a.properties, a.traits]) === JSON.stringify([b.properties, b.traits])
  );
}

/** From this age on the list is asked for again, while it still serves, in ms. */
export const REFRESH_MS = 30_000;
/** Beyond this age the list does not serve: what was revoked is refused everywhere after this time, in ms. */
export const EFFECTIVE_MS = 60_000;
/** After a list that could not be had, nobody asks for it for this long, in ms: requests are refused meanwhile. */
const PAUSE_MS = 1_000;
/** A refresh that has not ended by then has died with its request, in ms. */
const REFRESH_PATIENCE_MS = 10_000;

/**
 * The ids of revoked keys, as an isolate knows them. Requests use what is known and the list is refreshed beside them;
 * only the first request of an isolate, and one after a minute of silence, waits for it. When it cannot be had, keys
 * are refused: a revoked key is worth more than a minute of availability to whoever revoked it.
 */
export class Revocations {
  readonly #ask: () => Promise<string[] | undefined>;
  readonly #now: () => number;
  #ids: ReadonlySet<string> = new Set();
  /** When what is known was asked for, ms. */
  #asOf = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #refreshAt = Number.NEGATIVE_INFINITY;

  /** `ask` yields undefined when there is no answer, and does not throw. */
  constructor(ask: () => Promise<string[] | undefined>, now = () => Date.now()) {
    this.#ask = ask;
    this.#now = now;
  }

  /**
   * Sees that the list serves: true at once as a rule, false when it cannot be had. `later` keeps a promise going beside
   * the request.
   */
  ready(later: (work: Promise<unknown>) => void): true | Promise<boolean> {
    const now = this.#now();
    const age = this.#age(now);
    if (age < REFRESH_MS) return true;
    if (age >= EFFECTIVE_MS) return this.#isWithin(PAUSE_MS, this.#failedAt) ? NOT_READY : this.#refresh(now);
    if (!this.#isWithin(REFRESH_PATIENCE_MS, this.#refreshAt)) {
      this.#refreshAt = now;
      later(this.#refresh(now));
    }
    return true;
  }

  /** The same for whoever looks seldom: true when the list was asked for in the last `ms`, and else it is waited for. */
  async within(ms: number): Promise<boolean> {
    const now = this.#now();
    return this.#age(now) < ms || (!this.#isWithin(PAUSE_MS, this.#failedAt) && this.#refresh(now));
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Notes a key that was just revoked through this isolate. */
  add(id: string): void {
    this.#ids = new Set(this.#ids).add(id);
  }

  #age(now: number): number {
    // A clock that was set back says nothing about the age.
    return now < this.#asOf ? Number.POSITIVE_INFINITY : now - this.#asOf;
  }

  async #refresh(asked: number): Promise<boolean> {
    const ids = await this.#ask();
    this.#refreshAt = Number.NEGATIVE_INFINITY;
    if (ids === undefined) {
      this.#failedAt = this.#now();
      return false;
    }
    this.#ids = new Set(ids);
    this.#asOf = asked;
    return true;
  }

  #isWithin(ms: number, since: number): boolean {
    const age = this.#now() - since;
    return age >= 0 && age < ms;
  }
}

const NOT_READY = Promise.resolve(false);

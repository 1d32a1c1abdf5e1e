import { hash53 } from "../kernel/hash.ts";

/** An id that is turned away, by its hash; `origin` where it was erased from a profile that was merged into this one. */
export interface Erasure {
  hash: number;
  origin?: string;
}

/** The events that were erased, by the hashes of their ids alone: they are turned away when they come again. */
export class Suppressed {
  readonly #sql: SqlStorage;
  readonly #hashes = new Set<number>();
  /** Which of the two tables there are: most profiles never erase an event. */
  readonly #tables = new Set<string>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const { name } of sql.exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE name IN ('suppressed', 'suppressed_of')",
    ))
      this.#tables.add(name);
    this.#load();
  }

  /** Whether it was erased from that profile: this one without `origin`. */
  has(id: string, origin?: string): boolean {
    if (this.#hashes.size === 0) return false;
    const hash = hash53(id);
    return this.#hashes.has(hash) && this.all.some((one) => one.hash === hash && one.origin === origin);
  }

  get all(): Erasure[] {
    const own = this.#tables.has("suppressed")
      ? this.#sql.exec<{ hash: number }>("SELECT hash FROM suppressed").toArray()
      : [];
    const others = this.#tables.has("suppressed_of")
      ? this.#sql.exec<{ hash: number; origin: string }>("SELECT hash, origin FROM suppressed_of").toArray()
      : [];
    return [...own, ...others];
  }

  add(id: string, origin?: string): void {
    this.addAll([{ hash: hash53(id), ...(origin === undefined ? {} : { origin }) }]);
  }

  addAll(erasures: readonly Erasure[]): void {
    for (const { hash, origin } of erasures) {
      this.#hashes.add(hash);
      if (origin === undefined) {
        this.#create("suppressed", "hash INTEGER PRIMARY KEY");
        this.#sql.exec("INSERT OR IGNORE INTO suppressed VALUES (?)", hash);
      } else {
        this.#create("suppressed_of", "hash INTEGER, origin TEXT, PRIMARY KEY (hash, origin)");
        this.#sql.exec("INSERT OR IGNORE INTO suppressed_of VALUES (?, ?)", hash, origin);
      }
    }
  }

  /** Forgets those of which `gone` holds, by origin. */
  removeWhere(gone: (origin: string | undefined) => boolean): void {
    for (const { hash, origin } of this.all) {
      if (!gone(origin)) continue;
      if (origin === undefined) this.#sql.exec("DELETE FROM suppressed WHERE hash = ?", hash);
      else this.#sql.exec("DELETE FROM suppressed_of WHERE hash = ? AND origin = ?", hash, origin);
    }
    this.#load();
  }

  #load(): void {
    this.#hashes.clear();
    if (this.#tables.size > 0) for (const { hash } of this.all) this.#hashes.add(hash);
  }

  #create(name: string, columns: string): void {
    if (this.#tables.has(name)) return;
    this.#sql.exec(`CREATE TABLE ${name} (${columns})`);
    this.#tables.add(name);
  }
}

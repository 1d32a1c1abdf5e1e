import { hash53 } from "../kernel/hash.ts";

/** The events that were erased, by the hashes of their ids alone: they are turned away when they come again. */
export class Suppressed {
  readonly #sql: SqlStorage;
  readonly #hashes = new Set<number>();
  #exists: boolean;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    // Most profiles never erase an event and have no such table.
    this.#exists = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'suppressed'").toArray().length > 0;
    if (!this.#exists) return;
    for (const { hash } of sql.exec<{ hash: number }>("SELECT hash FROM suppressed")) this.#hashes.add(hash);
  }

  has(id: string): boolean {
    return this.#hashes.size > 0 && this.#hashes.has(hash53(id));
  }

  add(id: string): void {
    if (!this.#exists) this.#sql.exec("CREATE TABLE suppressed (hash INTEGER PRIMARY KEY)");
    this.#exists = true;
    const hash = hash53(id);
    this.#hashes.add(hash);
    this.#sql.exec("INSERT OR IGNORE INTO suppressed VALUES (?)", hash);
  }
}

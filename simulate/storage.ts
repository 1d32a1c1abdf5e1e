import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";

/** What a simulated disk or process does in the middle of its work: never an error of the code under test. */
export class InjectedFault extends Error {
  readonly kind: "storage" | "crash" | "fenced";
  constructor(kind: "storage" | "crash" | "fenced") {
    super(`injected: ${kind}`);
    this.name = "InjectedFault";
    this.kind = kind;
  }
}

/** A fault to come: at the `after`-th operation from now, a commit being one too. */
export interface Fault {
  kind: "storage" | "crash";
  after: number;
  /** Whether the operation itself is still done. */
  done: boolean;
}

/** What an object has of its storage. */
export type StorageHandle = Pick<DurableObjectStorage, "sql" | "transactionSync">;

/**
 * A Durable Object's storage, as far as a profile uses it, on an SQLite database in memory. Statements outside of a
 * transaction take effect at once and stay, also when the code throws after them, as on the platform.
 */
export class SimulatedStorage implements StorageHandle {
  /** For one instance, or for a look from outside. */
  readonly sql: SqlStorage = this.#sql(() => undefined);
  /** Whether the last fault came after a statement that was a transaction by itself: what it wrote is there. */
  tookEffect = false;
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, Prepared>();
  readonly #rollsBack: boolean;
  readonly #ignores: string | undefined;
  /** The newest handle: those before it belong to instances that are gone. */
  #handle = 0;
  #depth = 0;
  #fault: Fault | undefined;

  /**
   * `rollsBack: false` makes a storage that forgets what a transaction is; `ignores`, one on which statements that begin
   * so do nothing.
   */
  constructor({ rollsBack = true, ignores }: { rollsBack?: boolean; ignores?: string } = {}) {
    this.#rollsBack = rollsBack;
    this.#ignores = ignores;
  }

  /**
   * The storage for a new instance of the object. From now on statements of instances before it throw: the platform
   * sees to it that of an object only one instance reaches the storage.
   */
  open(): StorageHandle {
    const handle = ++this.#handle;
    const fence = () => {
      if (handle !== this.#handle) throw new InjectedFault("fenced");
    };
    return { sql: this.#sql(fence), transactionSync: (closure) => this.transactionSync(closure) };
  }

  /** Arms a fault, or disarms with undefined. */
  arm(fault: Fault | undefined): void {
    this.#fault = fault === undefined ? undefined : { ...fault };
    this.tookEffect = false;
  }

  transactionSync<T>(closure: () => T): T {
    const savepoint = `depth_${this.#depth}`;
    this.#database.exec(`SAVEPOINT ${savepoint}`);
    this.#depth++;
    try {
      const value = closure();
      // A commit is an operation, too; one that fails leaves nothing behind.
      this.#operation(() => undefined);
      this.#database.exec(`RELEASE ${savepoint}`);
      return value;
    } catch (error) {
      if (this.#rollsBack) this.#database.exec(`ROLLBACK TO ${savepoint}`);
      this.#database.exec(`RELEASE ${savepoint}`);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Flips a bit of a stored blob, as a failing disk would; false when nothing of that name is stored. */
  damage(table: string, column: string, pick: (below: number) => number): boolean {
    const known = this.#database
      .prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = ?")
      .all(table, column);
    if (known.length === 0) return false;
    const rows = this.#database
      .prepare(
        `SELECT rowid AS id, ${column} AS blob FROM ${table} WHERE ${column} IS NOT NULL ORDER BY rowid`,
      )
      .all();
    const row = rows.length === 0 ? undefined : rows[pick(rows.length)];
    if (row === undefined || !(row.blob instanceof Uint8Array) || row.id === undefined) return false;
    // The first byte is the format version, which the checksum does not cover: that is another story.
    const at = 1 + pick(row.blob.length - 1);
    row.blob[at] = (row.blob[at] ?? 0) ^ (1 << pick(8));
    this.#database.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(row.blob, row.id);
    return true;
  }

  /** All blobs of a column, read as text; none when there is no such table. */
  texts(table: string, column: string): string {
    if (this.#database.prepare("SELECT 1 FROM pragma_table_info(?)").all(table).length === 0) return "";
    return this.#database
      .prepare(`SELECT ${column} AS blob FROM ${table}`)
      .all()
      .map(({ blob }) => (blob instanceof Uint8Array ? new TextDecoder().decode(blob) : ""))
      .join();
  }

  close(): void {
    this.#database.close();
  }

  #sql(fence: () => void): SqlStorage {
    return {
      exec: <T extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
        fence();
        return this.#operation(() => this.#execute<T>(query, bindings));
      },
      databaseSize: 0,
      Cursor: Rows,
      Statement: NoStatement,
    };
  }

  #operation<T>(work: () => T): T {
    const fault = this.#fault;
    if (fault === undefined || --fault.after > 0) return work();
    this.#fault = undefined;
    if (fault.done) work();
    this.tookEffect = fault.done && this.#depth === 0;
    throw new InjectedFault(fault.kind);
  }

  #execute<T extends Record<string, SqlStorageValue>>(query: string, bindings: unknown[]): Rows<T> {
    if (this.#ignores !== undefined && query.startsWith(this.#ignores)) return new Rows<T>();
    const { statement, columns } = this.#prepare(query);
    const values = bindings.map(bindable);
    if (columns.length === 0) return new Rows<T>([], Number(statement.run(...values).changes));
    const rows: Record<string, SqlStorageValue>[] = statement.all(...values).map((row) => {
      const converted: Record<string, SqlStorageValue> = {};
      for (const name of columns) converted[name] = storageValue(row[name]);
      return converted;
    });
    // What the columns are is the query's to know; the platform's types take the caller's word for it, too.
    return new Rows<T>(rows as T[], 0);
  }

  #prepare(query: string): Prepared {
    let prepared = this.#statements.get(query);
    if (prepared === undefined) {
      const statement = this.#database.prepare(query);
      prepared = { statement, columns: statement.columns().map(({ name }) => name) };
      this.#statements.set(query, prepared);
    }
    return prepared;
  }
}

interface Prepared {
  statement: StatementSync;
  /** None of a statement that returns no rows. */
  columns: string[];
}

/** The result of a statement: on the platform a cursor, here all rows at once. */
class Rows<T extends Record<string, SqlStorageValue> = Record<string, SqlStorageValue>> {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly #rows: T[];
  #next = 0;

  constructor(rows: T[] = [], rowsWritten = 0) {
    this.#rows = rows;
    this.rowsRead = rows.length;
    this.rowsWritten = rowsWritten;
  }

  get columnNames(): string[] {
    return Object.keys(this.#rows[0] ?? {});
  }

  next(): IteratorResult<T, undefined> {
    const value = this.#rows[this.#next];
    if (value === undefined) return { done: true, value: undefined };
    this.#next++;
    return { value };
  }

  toArray(): T[] {
    const rest = this.#rows.slice(this.#next);
    this.#next = this.#rows.length;
    return rest;
  }

  one(): T {
    const [row, ...more] = this.toArray();
    if (row === undefined || more.length > 0)
      throw new Error(`one row was expected, ${row === undefined ? 0 : more.length + 1} were found`);
    return row;
  }

  *raw<U extends SqlStorageValue[]>(): IterableIterator<U> {
    for (const row of this.toArray()) yield Object.values(row) as U;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    yield* this.toArray();
  }
}

class NoStatement {}

function bindable(value: unknown): SQLInputValue {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (value instanceof Uint8Array) return value;
  throw new Error(`a text, a number, null or bytes were expected to be bound, not ${typeof value}`);
}

function storageValue(value: SQLOutputValue | undefined): SqlStorageValue {
  if (value instanceof Uint8Array) return new Uint8Array(value).buffer;
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  throw new Error(`a text, a number, null or bytes were expected to be stored, not ${typeof value}`);
}

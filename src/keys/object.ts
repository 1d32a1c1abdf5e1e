import { DurableObject } from "cloudflare:workers";
import type { Environment } from "../environment.ts";
import { type KeysRpc, MOST_REVOKED, type Revoked } from "./contract.ts";

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  revoked_at: number;
  expires: number | null;
}

/** The revoked keys, in one object: it is asked by each isolate twice a minute, not by each request. */
export class Keys extends DurableObject<Environment> implements KeysRpc {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS revoked (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revoked_at INTEGER NOT NULL, expires INTEGER)`);
  }

  async revoke(id: string, expires?: number): Promise<Revoked | undefined> {
    return this.ctx.storage.transactionSync(() => {
      const now = Date.now();
      const find = () => this.#sql.exec<Row>("SELECT * FROM revoked WHERE id = ?", id).toArray();
      const [known] = find();
      if (known !== undefined) return toRevoked(known);
      this.#sql.exec("DELETE FROM revoked WHERE expires <= ?", now);
      this.#sql.exec(
        "INSERT INTO revoked (id, revoked_at, expires) SELECT ?, ?, ? WHERE (SELECT count(*) FROM revoked) < ?",
        ...[id, now, expires ?? null, MOST_REVOKED],
      );
      return find().map(toRevoked)[0];
    });
  }

  async revoked(): Promise<Revoked[]> {
    return this.#sql.exec<Row>("SELECT * FROM revoked ORDER BY seq DESC").toArray().map(toRevoked);
  }
}

function toRevoked({ id, revoked_at, expires }: Row): Revoked {
  return { id, revokedAt: revoked_at, ...(expires === null ? {} : { expires }) };
}

import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

/** The least that keeps something per user at the edge: what Limn's requests a second are divided by. */
interface Bindings {
  ROWS: DurableObjectNamespace<Row>;
}

/** Of the one row that a write replaces. */
const ROW_BYTES = 200;

const app = new Hono<{ Bindings: Bindings }>();

app.post("/write", async (c) => {
  const body = await c.req.json<{ userId: string }>();
  return c.json(await rowOf(c.env, body.userId).write(body));
});

app.get("/read/:user", async (c) => {
  const json = await rowOf(c.env, c.req.param("user")).read();
  return json === undefined ? c.notFound() : c.body(json, 200, { "Content-Type": "application/json" });
});

/** Sets what reads answer, before the measurement. */
app.put("/read/:user", async (c) => {
  await rowOf(c.env, c.req.param("user")).put(await c.req.text());
  return c.body(null, 204);
});

app.get("/healthz", (c) => c.text("ok"));

function rowOf(env: Bindings, user: string): DurableObjectStub<Row> {
  return env.ROWS.get(env.ROWS.idFromName(user));
}

const encoder = new TextEncoder();

/** One row to write and one to read. */
export class Row extends DurableObject<Bindings> {
  readonly #sql: SqlStorage;
  #count = 0;

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS written (rowid INTEGER PRIMARY KEY, value BLOB NOT NULL)");
    this.#sql.exec("CREATE TABLE IF NOT EXISTS answer (rowid INTEGER PRIMARY KEY, json TEXT NOT NULL)");
  }

  async write(body: object) {
    // Filled with what changes each time: SQLite does not write a page again whose bytes are the same.
    const value = new Uint8Array(ROW_BYTES).fill(++this.#count);
    encoder.encodeInto(JSON.stringify(body), value);
    this.#sql.exec("INSERT OR REPLACE INTO written VALUES (1, ?)", value);
    return { status: "written", version: this.#count };
  }

  async read(): Promise<string | undefined> {
    const rows = this.#sql.exec<{ json: string }>("SELECT json FROM answer WHERE rowid = 1").toArray();
    return rows[0]?.json;
  }

  async put(json: string) {
    this.#sql.exec("INSERT OR REPLACE INTO answer VALUES (1, ?)", json);
  }
}

export default { fetch: app.fetch };

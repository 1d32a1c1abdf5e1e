import type { Prior } from "../definition/prior.ts";
import type { Definition } from "../definition/schema.ts";
import { compile } from "../kernel/compile.ts";
import type { Kernel } from "../kernel/instance.ts";
import type { Engine } from "./engine.ts";

/** What a definition is kept as, to read a state by after the deployed one has changed. */
interface Source {
  definition: Definition;
  prior?: Prior;
}

/**
 * Keeps the definition that a long history is folded under, in place of the one before: while the history is folded
 * under another, reads are answered from the old state. Short ones are folded again at once and need none of this.
 */
export function keepDefinition(
  sql: SqlStorage,
  { definition, trained, fingerprint }: Engine["compiled"],
): void {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS definition (rowid INTEGER PRIMARY KEY, fingerprint TEXT, source TEXT)",
  );
  const source: Source = { definition, ...(trained === undefined ? {} : { prior: trained }) };
  sql.exec("INSERT OR REPLACE INTO definition VALUES (1, ?, ?)", fingerprint, JSON.stringify(source));
}

/** The fingerprint of the kept definition; undefined when none is kept. */
export function keptFingerprint(sql: SqlStorage): string | undefined {
  if (sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'definition'").toArray().length === 0)
    return undefined;
  return sql.exec<{ fingerprint: string }>("SELECT fingerprint FROM definition").toArray()[0]?.fingerprint;
}

/** The engine of the kept definition; undefined when none is kept. */
export function keptEngine(sql: SqlStorage, kernel: Kernel): Engine | undefined {
  if (keptFingerprint(sql) === undefined) return undefined;
  const { source } = sql.exec<{ source: string }>("SELECT source FROM definition").one();
  const { definition, prior }: Source = JSON.parse(source);
  return { kernel, compiled: compile(definition, kernel, prior === undefined ? {} : { prior }) };
}

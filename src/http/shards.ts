import type { Environment } from "../environment.ts";
import { type FailuresRpc, SHARDS } from "../failures/contract.ts";
import { attempt } from "./attempt.ts";
import type { Context } from "./context.ts";
import { logCode } from "./log.ts";
import type { Result } from "./problems.ts";

/** A fresh stub of a shard of the failures. */
export function failuresShard(env: Environment, shard: number): FailuresRpc {
  return env.FAILURES.get(env.FAILURES.idFromName(`failures-${shard}`));
}

/** Asks some shards, all at once: all without `shards`. When one does not answer, nothing is known. */
export async function askShards<T>(
  c: Context,
  question: (failures: FailuresRpc, shard: number) => Promise<T>,
  shards: Iterable<number> = Array(SHARDS).keys(),
): Promise<Result<T[]>> {
  const asked = await Promise.all(
    Array.from(shards, (shard) => attempt(() => question(failuresShard(c.env, shard), shard))),
  );
  const values: T[] = [];
  for (const one of asked) {
    if (!one.ok) {
      logCode(c, one.code);
      return { ok: false, failure: { code: one.code, detail: "The kept failures cannot be reached now." } };
    }
    values.push(one.value);
  }
  return { ok: true, value: values };
}

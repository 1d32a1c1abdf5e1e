import { KEYS, serve } from "../test/system/edge.ts";
import { fuzzWorker, type WorkerRun } from "./worker.ts";

/** Fuzzes an edge of its own, served as `npm run serve` does. */
export async function fuzzServedWorker(
  count: number,
  seed: number,
  progress?: (done: number) => void,
): Promise<WorkerRun> {
  const tokens = {
    secret: "the secret that user tokens are signed with",
    issuer: "https://issuer.test",
    audience: "limn",
  };
  const edge = await serve(undefined, {
    USER_TOKEN_SECRET: tokens.secret,
    USER_TOKEN_ISSUER: tokens.issuer,
    USER_TOKEN_AUDIENCE: tokens.audience,
  });
  const { KEY_SECRET: keySecret, SECRET_KEY: secretKey, WRITE_KEY: writeKey } = KEYS;
  const target = { url: edge.url, pid: edge.process.pid ?? 0, keySecret, secretKey, writeKey, tokens };
  try {
    return await fuzzWorker(target, count, seed, progress);
  } finally {
    await edge.remove();
  }
}

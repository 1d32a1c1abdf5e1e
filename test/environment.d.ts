// What `vitest.config.ts` binds beside what a deployment has.
declare namespace Cloudflare {
  interface Env {
    WRITE_KEY: string;
    SECRET_KEY: string;
    /** Lets three requests pass a minute. */
    RATE_OF_THREE: RateLimit;
  }
}

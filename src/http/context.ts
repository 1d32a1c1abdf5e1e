import type { Context as HonoContext } from "hono";
import type { Environment } from "../environment.ts";
import type { KeyKind } from "../keys/key.ts";

/** What Hono is told of this app. */
export type App = {
  Bindings: Environment;
  Variables: { requestId?: string; origin?: string | undefined } & Opened;
};

/** What `auth.ts` knows of a request that it let through. */
interface Opened {
  /** The kind of its key. */
  key?: KeyKind;
  keyId?: string;
  /** Whose token it was made with, instead of a key. */
  user?: string;
  /** When that token or key ends, ms. */
  until?: number;
  /** Where the key may be in the body: the kinds that open the route. */
  bodyKeys?: readonly KeyKind[];
}

export type Context = HonoContext<App>;

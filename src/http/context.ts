import type { Context as HonoContext } from "hono";
import type { Environment } from "../environment.ts";
import type { KeyKind } from "../failures/contract.ts";

/** What Hono is told of this app. */
export type App = { Bindings: Environment; Variables: { requestId?: string; key?: KeyKind } };

export type Context = HonoContext<App>;

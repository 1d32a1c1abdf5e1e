import type { Context as HonoContext } from "hono";
import type { RequestIdVariables } from "hono/request-id";
import type { Environment } from "../environment.ts";
import type { KeyKind } from "../failures/contract.ts";

/** What Hono is told of this app. */
export type App = { Bindings: Environment; Variables: RequestIdVariables & { key?: KeyKind } };

export type Context = HonoContext<App>;

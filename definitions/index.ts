import { ecommerce } from "../src/definition/ecommerce.ts";
import type { DefinitionSource } from "../src/definition/schema.ts";
import { completejourney } from "./completejourney.ts";

/** The definitions an edge can be started with, by the name its variable DEFINITION gives. */
export const definitions: Record<string, DefinitionSource> = { ecommerce, completejourney };

import {
  type ConversionConfig,
  type JsonSchema,
  toJsonSchema,
  toJsonSchemaDefs,
} from "@valibot/to-json-schema";
import type * as v from "valibot";
import { Fields, PROFILE_FIELDS } from "../http/profiles.ts";
import { BodyTime, Time } from "../http/query.ts";
import { Properties } from "../http/rank.ts";
import { DayOrTime, Flag, Names } from "../http/space-queries.ts";

type Definitions = Record<string, v.GenericSchema>;

const ISO = "ISO 8601 with its zone, such as 2026-11-25T10:00:00Z, or ms since 1970";

/**
 * Schemas that a transformation or a check of our own ends, which says more than JSON Schema can read out of them: what
 * they take, by hand. Each is a component of the document by its name here.
 */
const BY_HAND = {
  Time: [Time, { description: `A time: ${ISO}.`, type: "string", examples: ["2026-11-25T10:00:00Z"] }],
  BodyTime: [
    BodyTime,
    {
      description: `A time: ${ISO}.`,
      anyOf: [
        { type: "string", examples: ["2026-11-25T10:00:00Z"] },
        { type: "integer", minimum: 0 },
      ],
    },
  ],
  DayOrTime: [
    DayOrTime,
    { description: `A day, which begins at midnight UTC, or a time: ${ISO}.`, type: "string" },
  ],
  ProfileFields: [Fields, { type: "array", items: { type: "string", enum: [...PROFILE_FIELDS] } }],
  Names: [Names, { type: "array", minItems: 1, maxItems: 100, items: { type: "string", minLength: 1 } }],
  Flag: [Flag, { type: "boolean", default: false }],
  JsonObject: [Properties, { type: "object" }],
} satisfies Record<string, [v.GenericSchema, JsonSchema]>;

/** The JSON Schema (2020-12, the one of OpenAPI 3.1) of what a schema takes, with those that have a name as references. */
export class Converter {
  readonly #config: ConversionConfig;
  /** By name, in the order of the names. */
  readonly components: Record<string, JsonSchema>;

  /** @throws Error when there is no JSON Schema for one of them: such a schema must be said by hand, above */
  constructor(named: Definitions) {
    const byHand: Definitions = Object.fromEntries(
      Object.entries(BY_HAND).map(([name, [schema]]) => [name, schema]),
    );
    const definitions = { ...named, ...byHand };
    const config: ConversionConfig = {
      target: "draft-2020-12",
      typeMode: "input",
      errorMode: "throw",
      // What a check of our own looks at is said in the description.
      ignoreActions: ["check", "safe_integer"],
      overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
      overrideSchema: ({ valibotSchema, jsonSchema }) => (valibotSchema.type === "custom" ? {} : jsonSchema),
    };
    const components: Record<string, JsonSchema> = {
      ...toJsonSchemaDefs(definitions, config),
      ...Object.fromEntries(Object.entries(BY_HAND).map(([name, [, schema]]) => [name, schema])),
    };
    this.components = Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
    this.#config = { ...config, definitions };
  }

  convert(schema: v.GenericSchema): JsonSchema {
    const { $schema: _, $defs: __, ...converted } = toJsonSchema(schema, this.#config);
    return converted;
  }

  /** What a query parameter takes: text, which stands for a whole number where the schema makes one of it. */
  convertText(schema: v.GenericSchema): JsonSchema {
    const { default: preset, ...converted } = this.convert(schema);
    const range = wholeRange(schema);
    const type = range === undefined ? converted : { type: "integer" as const, ...range };
    if (preset === undefined) return type;
    return { ...type, default: range === undefined ? preset : Number(preset) };
  }
}

/** The bounds of a schema that `whole` of `http/query.ts` made; undefined for another. */
function wholeRange(schema: object): { minimum: number; maximum: number } | undefined {
  if ("wrapped" in schema && schema.wrapped instanceof Object) return wholeRange(schema.wrapped);
  if (!("pipe" in schema) || !Array.isArray(schema.pipe)) return undefined;
  const pipe: { type: string; operation?: unknown; requirement?: unknown }[] = schema.pipe;
  const bound = (type: string) => Number(pipe.find((item) => item.type === type)?.requirement);
  return pipe.some(({ operation }) => operation === Number)
    ? { minimum: bound("min_value"), maximum: bound("max_value") }
    : undefined;
}

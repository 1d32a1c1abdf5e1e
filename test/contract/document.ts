import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

type Schema = Record<string, unknown>;

interface Parameter {
  name: string;
  in: string;
  schema: Schema;
}

interface Response {
  $ref?: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema }>;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Response> };
}

/** The committed document, as answers and requests are held against it. */
export class Contract {
  readonly #document: Document;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor() {
    const file = join(import.meta.dirname, "../../openapi.json");
    this.#document = JSON.parse(readFileSync(file, "utf8"));
    close(this.#document);
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(this.#document, DOCUMENT);
  }

  /** All that is documented: routes as the access table writes them, and the statuses of each. */
  get responses(): [route: string, status: string][] {
    return Object.entries(this.#document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) => {
        const route = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
        return Object.keys(responses).map((status): [string, string] => [route, status]);
      }),
    );
  }

  /** What a response has that the document does not say of it, or lacks; empty when it is as documented. */
  faultsOfResponse(route: string, status: number, headers: Headers, body: string): string[] {
    const response = this.#response(route, status);
    if (response === undefined) return [`${route} documents no ${status}: ${body.slice(0, 200)}`];
    const faults: string[] = [];
    if (response.headers?.["X-Request-Id"] !== undefined && !headers.has("X-Request-Id"))
      faults.push("there is no X-Request-Id");
    const [[type, { schema }] = ["", { schema: {} }]] = Object.entries(response.content ?? {});
    const sent = headers.get("Content-Type")?.split(";")[0] ?? "";
    if (type === "") return body === "" ? faults : [...faults, "there is a body"];
    if (type !== sent && !(type === "text/*" && sent.startsWith("text/")))
      faults.push(`it is ${sent}, not ${type}`);
    const value = isJson(type) ? JSON.parse(body) : body;
    return [...faults, ...this.#faults(schema, value)];
  }

  /** What a component has against a value. */
  faultsOfComponent(name: string, value: unknown): string[] {
    return this.#faults({ $ref: `#/components/schemas/${name}` }, value);
  }

  /** What the document has against a request that the edge took. */
  faultsOfRequest(route: string, url: URL, type: string, body: string | undefined): string[] {
    const { parameters = [], requestBody } = this.#operation(route) ?? {};
    const faults: string[] = [];
    for (const [name, text] of url.searchParams) {
      const parameter = parameters.find((one) => one.in === "query" && one.name === name);
      if (parameter === undefined) faults.push(`the parameter ${name} is not documented`);
      else faults.push(...this.#faultsOfText(parameter.schema, text));
    }
    if (body === undefined) return requestBody === undefined ? faults : [...faults, "a body is documented"];
    const schema = requestBody?.content[type]?.schema;
    if (schema === undefined) return [...faults, `a body of ${type} is not documented`];
    return [...faults, ...this.#faults(schema, isJson(type) ? JSON.parse(body) : body)];
  }

  /** A parameter is text: what it stands for is what fits one of its types. */
  #faultsOfText(schema: Schema, text: string): string[] {
    const readings: unknown[] = [text, text.split(","), ...(/^[0-9]+$/.test(text) ? [Number(text)] : [])];
    if (text === "true" || text === "false") readings.push(text === "true");
    const faults = readings.map((reading) => this.#faults(schema, reading));
    return faults.find((found) => found.length === 0) ?? faults.flat();
  }

  #faults(schema: Schema, value: unknown): string[] {
    let validate = this.#compiled.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile(absolute(schema));
      this.#compiled.set(schema, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  #operation(route: string): Operation | undefined {
    const [method = "", path = ""] = route.split(" ");
    return this.#document.paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
  }

  #response(route: string, status: number): Response | undefined {
    const response = this.#operation(route)?.responses[status];
    const shared = response?.$ref?.replace("#/components/responses/", "");
    return shared === undefined ? response : this.#document.components.responses[shared];
  }
}

const isJson = (type: string) => /[/+]json$/.test(type);

const DOCUMENT = "https://limn.test/openapi.json";

/** A part of the document by itself, with its references into the document. */
function absolute(schema: Schema): Schema {
  return JSON.parse(
    JSON.stringify(schema, (key, value) =>
      key === "$ref" ? `${DOCUMENT}${value.slice(value.indexOf("#"))}` : value,
    ),
  );
}

/**
 * Closes each object that names its members. The document leaves them open, for a later version may have more; what this
 * version answers is all in it.
 */
function close(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) close(member);
  const names = "properties" in value && "type" in value && value.type === "object" && !("$ref" in value);
  if (names && !("additionalProperties" in value)) Object.assign(value, { additionalProperties: false });
}

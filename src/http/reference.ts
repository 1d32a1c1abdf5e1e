import { Hono } from "hono";
import { answerText } from "./answer.ts";
import type { App, Context } from "./context.ts";
import { problem } from "./problems.ts";

/** The files of the reference, and their types: `scripts/assets.ts` puts them where the binding ASSETS finds them. */
export const REFERENCE_FILES = {
  "/openapi.json": "application/json",
  "/docs/index.html": "text/html; charset=utf-8",
  "/docs/initializer.js": "text/javascript; charset=utf-8",
  "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "/docs/swagger-ui.css": "text/css; charset=utf-8",
} as const;

type ReferenceFile = keyof typeof REFERENCE_FILES;

/** Nothing of another host, nothing inline; the page draws icons from `data:` and asks this host alone. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The entity tags of files that were read: they change with a deployment, and so with the isolate. */
const tags = new Map<ReferenceFile, string>();

/** `GET /openapi.json`, and `GET /docs`, a page that shows it. */
export const reference = new Hono<App>()
  .get("/openapi.json", (c) => serve(c, "/openapi.json"))
  .get("/docs", (c) => serve(c, "/docs/index.html"))
  .get("/docs/:file", (c) => {
    const path = `/docs/${c.req.param("file")}`;
    return isFile(path) ? serve(c, path) : problem(c, { code: "not-found" });
  });

async function serve(c: Context, file: ReferenceFile): Promise<Response> {
  const known = tags.get(file);
  if (known !== undefined && has(c, known)) return answerText(c, null, 304, headersOf(file, known));
  const asset = await c.env.ASSETS.fetch(`https://assets${file}`);
  if (!asset.ok) return problem(c, { code: "not-found" });
  const bytes = await asset.arrayBuffer();
  const tag = await tagOf(bytes);
  tags.set(file, tag);
  if (has(c, tag)) return answerText(c, null, 304, headersOf(file, tag));
  return answerText(c, bytes, 200, {
    ...headersOf(file, tag),
    "Content-Type": REFERENCE_FILES[file],
  });
}

/** Whether whoever asks has the file of this tag; what compresses an answer on its way makes the tag a weak one. */
function has(c: Context, tag: string): boolean {
  const tags = c.req.header("If-None-Match")?.split(",") ?? [];
  return tags.some((one) => one.trim().replace(/^W\//, "") === tag);
}

function headersOf(file: ReferenceFile, tag: string): Record<string, string> {
  return {
    ETag: tag,
    "Cache-Control": "public, max-age=300",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    ...(file === "/openapi.json" ? {} : { "Content-Security-Policy": POLICY }),
  };
}

async function tagOf(bytes: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return `"${Array.from(new Uint8Array(digest, 0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

function isFile(path: string): path is ReferenceFile {
  return Object.hasOwn(REFERENCE_FILES, path);
}

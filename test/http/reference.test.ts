import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../src/http/app.ts";
import { PROBLEMS } from "../../src/http/problems.ts";
import { REFERENCE_FILES } from "../../src/http/reference.ts";
import { OPERATIONS } from "../../src/openapi/document.ts";
import { call, request } from "./client.ts";

const PATHS = Object.keys(REFERENCE_FILES).map((file) => file.replace("/index.html", ""));
const open = (path: string, headers: Record<string, string> = {}) =>
  call("GET", path, { key: null, headers });

describe("the document", () => {
  it("describes each route of the app, and no other", () => {
    const routes = new Set(app.routes.map(({ method, path }) => `${method} ${path}`));
    expect(Object.keys(OPERATIONS).sort()).toEqual([...routes].sort());
  });

  it("is served to anyone", async () => {
    const response = await open("/openapi.json");
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(await response.json()).toMatchObject({ openapi: "3.1.0", info: { title: "Limn" } });
  });
});

describe.each(PATHS)("%s", (path) => {
  it("has a type that the browser may not guess otherwise, and an entity tag", async () => {
    const response = await open(path);
    expect(response.status).toBe(200);
    expect((await response.bytes()).length).toBeGreaterThan(100);
    expect(response.headers.get("Content-Type")).toMatch(/^(application\/json|text\/)/);
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(response.headers.get("Referrer-Policy")).toBe("no-referrer");
    const ETag = response.headers.get("ETag") ?? "";
    const again = await open(path, { "If-None-Match": ETag });
    expect([again.status, await again.text(), again.headers.get("ETag")]).toEqual([304, "", ETag]);
    expect((await open(path, { "If-None-Match": `"a", W/${ETag}` })).status).toBe(304);
    const changed = await open(path, { "If-None-Match": '"other"' });
    expect(changed.status).toBe(200);
    await changed.body?.cancel();
  });
});

describe("the page of the reference", () => {
  it("runs scripts of this host alone, and none inline", async () => {
    const response = await open("/docs");
    expect(response.headers.get("Content-Security-Policy")).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    const page = await response.text();
    expect(page).not.toMatch(/<style|<script>|<script[^>]*>[^<]|https?:|\son\w+=|\sstyle=/);
    const files = [...page.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, file]) => file);
    expect(files).toHaveLength(3);
    for (const file of files) expect(PATHS).toContain(file);
  });

  it("has no other file", async () => {
    for (const path of ["/docs/", "/docs/other.js", "/docs/%2e%2e%2fopenapi.json", "/docs/__proto__"]) {
      expect((await open(path)).status).toBe(404);
    }
  });

  it("asks for no asset on any other path", async () => {
    const ASSETS = new Proxy(env.ASSETS, {
      get() {
        throw new Error("an asset was asked for");
      },
    });
    const statuses = ["/v1/stats", "/healthz", "/problems/internal", "/nothing", "/docs/other"].map(
      async (path) => (await app.fetch(request("GET", path), { ...env, ASSETS })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 200, 404, 404]);
  });
});

describe("what the type of a problem names", () => {
  it.each(Object.entries(PROBLEMS))("is there for %s", async (code, { title, status, remedy }) => {
    const response = await open(`/problems/${code}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ type: `/problems/${code}`, title, status, remedy });
  });

  it("is nothing for another", async () => {
    for (const code of ["other", "__proto__", "constructor"]) {
      expect((await open(`/problems/${code}`)).status).toBe(404);
    }
  });
});

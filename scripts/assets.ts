// Puts the files of the API reference where the Worker's binding ASSETS finds them; a part of `npm run build`.
import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const PAGE = join(ROOT, "src/openapi/page");
const ASSETS = join(ROOT, "build/assets");
const swagger = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));

mkdirSync(join(ASSETS, "docs"), { recursive: true });
copyFileSync(join(ROOT, "openapi.json"), join(ASSETS, "openapi.json"));
for (const file of ["index.html", "initializer.js"])
  copyFileSync(join(PAGE, file), join(ASSETS, "docs", file));
for (const file of ["swagger-ui-bundle.js", "swagger-ui.css"])
  copyFileSync(join(swagger, file), join(ASSETS, "docs", file));

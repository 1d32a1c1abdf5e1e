// `npm run bench -- kernel|http|profile [--json FILE]`; all of them without a name.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benchHttp } from "./http.ts";
import { profileHttp } from "./http-profile.ts";
import { benchKernel } from "./kernel.ts";
import { type Result, table } from "./measure.ts";

const BENCHES: Record<string, () => Result[] | Promise<Result[]>> = {
  kernel: benchKernel,
  http: benchHttp,
  profile: profileHttp,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });
const chosen = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const results: Result[] = [];
for (const name of chosen) {
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (bench === undefined) {
    console.error(`there is no bench "${name}"; known are ${Object.keys(BENCHES).join(", ")}`);
    process.exit(1);
  }
  const found = await bench();
  table(name, found);
  results.push(...found);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ results }, null, 2)}\n`);

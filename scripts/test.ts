// Runs every suite and closes with the totals in one line: `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startVitest } from "vitest/node";

const folder = mkdtempSync(join(tmpdir(), "limn-test-"));
const outputFile = join(folder, "results.json");
const vitest = await startVitest("test", process.argv.slice(2), {
  watch: false,
  reporters: ["default", "json"],
  outputFile: { json: outputFile },
});
await vitest.close();

interface Results {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  success: boolean;
}
const results: Results = JSON.parse(readFileSync(outputFile, "utf8"));
rmSync(folder, { recursive: true });
const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : "";
// A file that cannot be loaded or an error outside a test fails no test, but the run all the same.
const failed = results.numFailedTests || (results.success && process.exitCode !== 1 ? 0 : 1);
console.log(`${results.numPassedTests} passed, ${failed} failed${skipped}`);
process.exitCode = failed > 0 ? 1 : 0;

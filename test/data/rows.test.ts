import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { allRows, write } from "../cli/files.ts";

const values = async (file: string, columns: string[]) =>
  (await allRows(file, columns)).map((row) => row.values);

describe("readRows", () => {
  it.each(["plain.csv", "packed.csv.gz"])("reads the columns asked for from %s", async (name) => {
    const file = write(
      name,
      '\ufeffid,name,price\r\n1,"RECORD FRAME 7"" SIZE, BLACK",2.1\r\n2,"two\nlines",3\r\n',
    );
    expect(await values(file, ["price", "name"])).toEqual([
      ["2.1", 'RECORD FRAME 7" SIZE, BLACK'],
      ["3", "two\nlines"],
    ]);
  });

  it.each(["plain.ndjson", "packed.jsonl.gz"])("reads members, nested ones too, from %s", async (name) => {
    const file = write(name, '{"a":{"b":1},"c":true}\n\n{"a":null,"c":["x"]}\n');
    expect(await values(file, ["a.b", "c", "d"])).toEqual([
      ["1", "true", ""],
      ["", '["x"]', ""],
    ]);
  });

  it("tells rows apart by columns that are not asked for", async () => {
    const rows = await allRows(write("raw.csv", "a,b\n1,2\n1,3\n1,2\n"), ["a"]);
    expect(rows.map(({ raw }) => raw === rows[0]?.raw)).toEqual([true, false, true]);
  });

  it("reads a file larger than its buffers whole", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i},${"x".repeat(20)}`);
    const rows = await values(write("large.csv.gz", `id,text\n${lines.join("\n")}\n`), ["id"]);
    expect(rows.length).toBe(20_000);
    expect(rows.at(-1)).toEqual(["19999"]);
  });

  it.each([
    ["missing.csv", undefined, /there is no file/],
    ["table.xlsx", "x", /is of no known kind/],
    ["column.csv", "x,y\n1,2\n", /has no column "id"/],
    ["ragged.csv", "id,y\n1,2\n3\n", /line 3/],
    ["broken.ndjson", '{"id":1}\n{"id":', /broken\.ndjson:2 is not JSON/],
  ])("refuses %s", async (name, text, message) => {
    const file = text === undefined ? `/nowhere/${name}` : write(name, text);
    await expect(values(file, ["id"])).rejects.toThrow(message);
  });

  it.each([
    ["torn.csv.gz", (i: number) => (i === 0 ? "id" : `${Math.sin(i)}`)],
    ["torn.ndjson.gz", (i: number) => `{"id":${Math.sin(i)}}`],
  ])("refuses %s, which ends too early", async (name, line) => {
    const whole = gzipSync(Array.from({ length: 5000 }, (_, i) => line(i)).join("\n"));
    const file = write(name, "");
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    await expect(values(file, ["id"])).rejects.toThrow(/unexpected end of file/);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { encodeSvmlight, encodeTable } from "../../src/learning/dataset.ts";
import { readTable } from "../../src/learning/files.ts";
import { unzipOnly } from "../../src/learning/zip.ts";

const folder = mkdtempSync(join(tmpdir(), "limn-learning-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a table", () => {
  it("makes an indicator of each category, in the order of first appearance", () => {
    const data = encodeTable(
      ["age", "city", "bought"],
      [
        ["30", "Ulm", "yes"],
        ["41.5", "Bonn", "no"],
        ["", "Ulm", "TRUE"],
      ],
      { label: "bought" },
    );
    expect(data.columns).toEqual(["age", "city=Ulm", "city=Bonn"]);
    expect([...data.x]).toEqual([30, 1, 0, 41.5, 0, 1, Number.NaN, 1, 0]);
    expect([...data.y]).toEqual([1, 0, 1]);
  });

  it("takes numbers for names, leaves columns out and takes logarithms where it is told to", () => {
    const data = encodeTable(
      ["region", "id", "paid", "label"],
      [
        ["7", "1", "1", "1"],
        ["3", "2", "-1", "-1"],
      ],
      { label: "label", categorical: ["region"], drop: ["id"], log: ["paid"] },
    );
    expect(data.columns).toEqual(["region=7", "region=3", "paid"]);
    expect([...data.x]).toEqual([1, 0, Math.fround(Math.LN2), 0, 1, -Math.fround(Math.LN2)]);
  });

  it("makes all indicators missing where the category is", () => {
    const data = encodeTable(
      ["city", "y"],
      [
        ["Ulm", "1"],
        ["?", "0"],
        ["Bonn", "0"],
      ],
      { label: "y" },
    );
    expect([...data.x]).toEqual([1, 0, Number.NaN, Number.NaN, 0, 1]);
  });

  it("is refused with the reason", () => {
    const options = { label: "y" };
    expect(() => encodeTable(["x"], [], options)).toThrow('no column "y"');
    expect(() => encodeTable(["x", "y"], [["1", "maybe"]], options)).toThrow('row 1: "maybe" is no label');
    expect(() => encodeTable(["x", "y"], [["a", "1"]], { ...options, log: ["x"] })).toThrow(
      "holds no numbers",
    );
    const wide = Array.from({ length: 128 }, (_, i) => `x${i}`);
    expect(() => encodeTable([...wide, "y"], [], options)).toThrow("128 columns");
  });

  it("is read gzipped too", () => {
    const file = join(folder, "table.csv.gz");
    writeFileSync(file, gzipSync('x,y\n1,true\n"2",false\n'));
    expect([...readTable(file, { label: "y" }).x]).toEqual([1, 2]);
    expect(() => readTable(join(folder, "none.csv"), { label: "y" })).toThrow("cannot be read");
  });
});

describe("svmlight", () => {
  it("has zeros for what a line does not name", () => {
    const data = encodeSvmlight("# a comment\n1 2:0.5\n-1 1:3 3:-1 # another\n\n");
    expect(data.columns).toEqual(["1", "2", "3"]);
    expect([...data.x]).toEqual([0, 0.5, 0, 3, 0, -1]);
    expect([...data.y]).toEqual([1, 0]);
  });

  it("may count from 0", () => {
    expect([...encodeSvmlight("1 0:7\n0 1:8\n").x]).toEqual([7, 0, 0, 8]);
  });

  it("is refused with the line that is wrong", () => {
    expect(() => encodeSvmlight("1 1:2\n1 nonsense\n")).toThrow('line 2: "nonsense"');
  });
});

describe("a ZIP archive", () => {
  // Made with Python's zipfile: `a.txt`, deflated, beside what macOS adds; and two files, stored.
  const one =
    "UEsDBBQAAAAIAAAAIVCAiPnlCgAAABEAAAAFAAAAYS50eHTLSM3JyVfIQJAAUEsDBBQAAAAAAAAAIVCDFtyMAQAAAAEAAAAQAAAAX19NQUNPU1gvLl9hLnR4dHhQSwECFAMUAAAACAAAACFQgIj55QoAAAARAAAABQAAAAAAAAAAAAAAgAEAAAAAYS50eHRQSwECFAMUAAAAAAAAACFQgxbcjAEAAAABAAAAEAAAAAAAAAAAAAAAgAEtAAAAX19NQUNPU1gvLl9hLnR4dFBLBQYAAAAAAgACAHEAAABcAAAAAAA=";
  const two =
    "UEsDBBQAAAAAAAAAIVBDvrfoAQAAAAEAAAABAAAAYWFQSwMEFAAAAAAAAAAhUPnvvnEBAAAAAQAAAAEAAABiYlBLAQIUAxQAAAAAAAAAIVBDvrfoAQAAAAEAAAABAAAAAAAAAAAAAACAAQAAAABhUEsBAhQDFAAAAAAAAAAhUPnvvnEBAAAAAQAAAAEAAAAAAAAAAAAAAIABIAAAAGJQSwUGAAAAAAIAAgBeAAAAQAAAAAAA";

  it("gives its only file", () => {
    expect(new TextDecoder().decode(unzipOnly(Buffer.from(one, "base64")))).toBe("hello hello hello");
  });

  it("is refused when it is none, or holds several", () => {
    expect(() => unzipOnly(new Uint8Array(100))).toThrow("no ZIP archive");
    expect(() => unzipOnly(Buffer.from(two, "base64"))).toThrow("it holds 2 files");
  });
});

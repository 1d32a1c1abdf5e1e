import { inflateRawSync } from "node:zlib";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * The only file in a ZIP archive; folders and what macOS adds (`__MACOSX/`) do not count.
 * Offsets: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 *
 * @throws RangeError when it is no archive, or holds another number of files, or one packed in an uncommon way
 */
export function unzipOnly(archive: Uint8Array): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let end = archive.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new RangeError("it is no ZIP archive");
  const files: { start: number; size: number; method: number }[] = [];
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== ENTRY) throw new RangeError("the list of its files is broken");
    const nameBytes = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameBytes));
    if (!name.endsWith("/") && !name.startsWith("__MACOSX/")) {
      files.push({
        start: view.getUint32(at + 42, true),
        size: view.getUint32(at + 20, true),
        method: view.getUint16(at + 10, true),
      });
    }
    at += 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new RangeError(`it holds ${files.length} files, one is expected`);
  const data =
    file.start + 30 + view.getUint16(file.start + 26, true) + view.getUint16(file.start + 28, true);
  const packed = archive.subarray(data, data + file.size);
  if (file.method === STORED) return packed;
  if (file.method === DEFLATED) return inflateRawSync(packed);
  throw new RangeError(`its file is packed by method ${file.method}, deflate is expected`);
}

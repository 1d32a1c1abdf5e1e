/**
 * A 53-bit hash of a text, by its UTF-16 code units: cyrb53 (bryc, public domain). It names interest keys and finds
 * event ids; whoever needs certainty compares the texts after the hashes agree. Never 0, which means "none".
 */
export function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  return mixed(a, b) || 1;
}

/** The same over bytes, four at a time; those that are left over by themselves. */
export function hashBytes(bytes: Uint8Array): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  const whole = bytes.length & ~3;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const take = (unit: number) => {
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
    // A multiplication carries upward only: without this the high bits would never reach the low ones.
    a ^= a >>> 15;
    b ^= b >>> 13;
  };
  for (let i = 0; i < whole; i += 4) take(view.getUint32(i, true));
  for (let i = whole; i < bytes.length; i++) take(view.getUint8(i));
  return mixed(a ^ bytes.length, b);
}

function mixed(first: number, second: number): number {
  let a = first;
  let b = second;
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

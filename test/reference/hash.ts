/**
 * The 53-bit hash of a key: cyrb53 with seed 0 (bryc, public domain), over UTF-16 code units.
 * `Math.imul` is what keeps the multiplications exact in doubles.
 */
export function hash53(text: string): number {
  let h1 = 0xdeadbeef;
  let h2 = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ unit, 2654435761);
    h2 = Math.imul(h2 ^ unit, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507);
  h1 ^= Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507);
  h2 ^= Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}

/** The low 32 bits of `hash53`, unsigned: what places a text among the indicators of a feature. */
export function hash32(text: string): number {
  return hash53(text) % 4294967296;
}

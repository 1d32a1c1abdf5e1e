// The vector loops. `n` counts f32 values and is a multiple of 4; padding holds zeros.

/** Σ a·b, in four lanes that are added pairwise at the end. */
export function dot(a: usize, b: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  for (let end = a + (<usize>n << 2); a < end; a += 16, b += 16) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(a), v128.load(b)));
  }
  return total(sum);
}

/** The four lanes added. */
@inline export function total(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// Elementary functions from +, -, *, / and bits alone, so that every engine gives the same bits. The platform's
// Math.exp may differ in the last place between engines, and a refold must not.

const LN2_HI: f64 = 6.93147180369123816490e-1;
const LN2_LO: f64 = 1.90821492927058770002e-10;
const LOG2_E: f64 = 1.4426950408889634;

/** Adding it rounds to a whole number, which then stands in the low bits (and the sum of both in two's complement). */
const ROUNDER: f64 = 6755399441055744;

/**
 * e^x, relative error below 2^-51 for |x| ≤ 708; 0 below -708, and e^709 above 709.
 * x = k·ln 2 + r with |r| ≤ 0.35 (Cody and Waite), the Taylor polynomial of degree 13 for e^r (remainder 4e-18) by
 * Estrin's scheme, whose parts do not wait for each other, and k added to the exponent's bits.
 */
export function exp(x: f64): f64 {
  if (x < -708) return 0;
  if (x > 709) x = 709;
  const shifted = x * LOG2_E + ROUNDER;
  const k = shifted - ROUNDER;
  const r = x - k * LN2_HI - k * LN2_LO;
  const r2 = r * r;
  const r4 = r2 * r2;
  const low = 1 + r + r2 * (0.5 + r * 1.6666666666666666e-1);
  const mid =
    4.1666666666666664e-2 + r * 8.333333333333333e-3 + r2 * (1.388888888888889e-3 + r * 1.984126984126984e-4);
  const high =
    2.48015873015873e-5 + r * 2.7557319223985893e-6 + r2 * (2.755731922398589e-7 + r * 2.505210838544172e-8);
  const top = 2.08767569878681e-9 + r * 1.6059043836821613e-10;
  const p = low + r4 * (mid + r4 * (high + r4 * top));
  return reinterpret<f64>(reinterpret<i64>(p) + (reinterpret<i64>(shifted) << 52));
}

/**
 * ln x for x ≥ 2^-1022, relative error below 2^-51 (the series of fdlibm's e_log.c, Sun 1993: x = 2^k(1+f),
 * s = f/(2+f), ln(1+f) = f - s(f - R(s²))).
 */
export function log(x: f64): f64 {
  let bits = reinterpret<i64>(x);
  let k = (bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
  let m = reinterpret<f64>(bits);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    k += 1;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z *
    (6.666666666666735130e-1 + w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const half = 0.5 * f * f;
  const n = <f64>k;
  return n * LN2_HI - (half - (s * (half + even + odd) + n * LN2_LO) - f);
}

/** ln(1 + x) for x ≥ 0, relative error below 2^-50 also for small x (Kahan's correction of the rounding of 1 + x). */
export function log1p(x: f64): f64 {
  const u = 1 + x;
  return u == 1 ? x : log(u) * (x / (u - 1));
}

/** Two of `log1p` at once, step by step the same. */
@inline export function log1ps(x: v128): v128 {
  const one = f64x2.splat(1);
  const u = f64x2.add(one, x);
  const corrected = f64x2.mul(logs(u), f64x2.div(x, f64x2.sub(u, one)));
  return v128.bitselect(x, corrected, f64x2.eq(u, one));
}

/** Two of `log` at once, of positive numbers. */
function logs(x: v128): v128 {
  // The exponent in the low bits of 2^52 is a number.
  const exponent = v128.or(i64x2.shr_u(x, 52), i64x2.splat(0x4330000000000000));
  const whole = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3ff0000000000000));
  const isLarge = f64x2.gt(whole, f64x2.splat(1.4142135623730951));
  const one = f64x2.splat(1);
  const n = f64x2.add(f64x2.sub(exponent, f64x2.splat(4503599627371519)), v128.and(isLarge, one));
  const m = v128.bitselect(f64x2.mul(whole, f64x2.splat(0.5)), whole, isLarge);
  const f = f64x2.sub(m, one);
  const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f));
  const z = f64x2.mul(s, s);
  const w = f64x2.mul(z, z);
  const even = f64x2.mul(
    w,
    f64x2.add(f64x2.splat(3.999999999940941908e-1), f64x2.mul(w, line(2.222219843214978396e-1, 1.531383769920937332e-1, w))),
  );
  const odd = f64x2.mul(
    z,
    f64x2.add(
      f64x2.splat(6.666666666666735130e-1),
      f64x2.mul(
        w,
        f64x2.add(
          f64x2.splat(2.857142874366239149e-1),
          f64x2.mul(w, line(1.818357216161805012e-1, 1.479819860510658591e-1, w)),
        ),
      ),
    ),
  );
  const half = f64x2.mul(f64x2.mul(f64x2.splat(0.5), f), f);
  const low = f64x2.add(
    f64x2.mul(s, f64x2.add(f64x2.add(half, even), odd)),
    f64x2.mul(n, f64x2.splat(LN2_LO)),
  );
  return f64x2.sub(f64x2.mul(n, f64x2.splat(LN2_HI)), f64x2.sub(f64x2.sub(half, low), f));
}

/** 1 / (1 + e^-x). */
@inline export function sigmoid(x: f64): f64 {
  return 1 / (1 + exp(-x));
}

/** Two at once, each with the bits of `sigmoid`. */
@inline export function sigmoids(x: v128): v128 {
  const one = f64x2.splat(1);
  return f64x2.div(one, f64x2.add(one, exps(f64x2.neg(x))));
}

/** Two of `exp` at once, step by step the same; below -708 it gives e^-708. */
function exps(x: v128): v128 {
  x = f64x2.pmax(f64x2.pmin(x, f64x2.splat(709)), f64x2.splat(-708));
  const rounder = f64x2.splat(ROUNDER);
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(LOG2_E)), rounder);
  const k = f64x2.sub(shifted, rounder);
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(k, f64x2.splat(LN2_HI))), f64x2.mul(k, f64x2.splat(LN2_LO)));
  const r2 = f64x2.mul(r, r);
  const r4 = f64x2.mul(r2, r2);
  const low = f64x2.add(f64x2.add(f64x2.splat(1), r), f64x2.mul(r2, line(0.5, 1.6666666666666666e-1, r)));
  const mid = f64x2.add(
    line(4.1666666666666664e-2, 8.333333333333333e-3, r),
    f64x2.mul(r2, line(1.388888888888889e-3, 1.984126984126984e-4, r)),
  );
  const high = f64x2.add(
    line(2.48015873015873e-5, 2.7557319223985893e-6, r),
    f64x2.mul(r2, line(2.755731922398589e-7, 2.505210838544172e-8, r)),
  );
  const top = line(2.08767569878681e-9, 1.6059043836821613e-10, r);
  const p = f64x2.add(low, f64x2.mul(r4, f64x2.add(mid, f64x2.mul(r4, f64x2.add(high, f64x2.mul(r4, top))))));
  return i64x2.add(p, i64x2.shl(shifted, 52));
}

/** a + b·r, twice. */
@inline function line(a: f64, b: f64, r: v128): v128 {
  return f64x2.add(f64x2.splat(a), f64x2.mul(r, f64x2.splat(b)));
}

const PI: f64 = 3.141592653589793;

/** sin of a turn in [0, 1), absolute error below 1e-12. */
export function sinTurn(turn: f64): f64 {
  // sin(2πu) = -sin(2πu - π), folded from [-π, π) to [-π/2, π/2].
  let y = 2 * PI * turn - PI;
  if (y > PI / 2) y = PI - y;
  else if (y < -PI / 2) y = -PI - y;
  const z = y * y;
  let p: f64 = 2.8114572543455206e-15;
  p = p * z - 7.647163731819816e-13;
  p = p * z + 1.6059043836821613e-10;
  p = p * z - 2.505210838544172e-8;
  p = p * z + 2.7557319223985893e-6;
  p = p * z - 1.984126984126984e-4;
  p = p * z + 8.333333333333333e-3;
  p = p * z - 1.6666666666666666e-1;
  return -(y + y * z * p);
}

/** cos of a turn in [0, 1). */
export function cosTurn(turn: f64): f64 {
  const quarter = turn + 0.25;
  return sinTurn(quarter >= 1 ? quarter - 1 : quarter);
}

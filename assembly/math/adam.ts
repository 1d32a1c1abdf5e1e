// Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019), over a whole block of parameters.

/** Settings, f32: rate · decay · β1 · β2 · ε. The powers β1^t and β2^t are f64 at `powers`. */
export const POWERS_BYTES: i32 = 16;

/** Before the first step. */
export function initAdam(powers: usize): void {
  store<f64>(powers, 1);
  store<f64>(powers, 1, 8);
}

/** One step of `n` parameters at `w` down the gradients at `g`; their moments are at `m` and `v`. */
export function stepAdam(settings: usize, powers: usize, w: usize, m: usize, v: usize, g: usize, n: i32): void {
  const rate = load<f32>(settings);
  const beta1 = load<f32>(settings, 8);
  const beta2 = load<f32>(settings, 12);
  const power1 = load<f64>(powers) * <f64>beta1;
  const power2 = load<f64>(powers, 8) * <f64>beta2;
  store<f64>(powers, power1);
  store<f64>(powers, power2, 8);
  const scale1 = f32x4.splat(<f32>(<f64>rate / (1 - power1)));
  const scale2 = f32x4.splat(<f32>(1 / (1 - power2)));
  const kept = f32x4.splat(1 - rate * load<f32>(settings, 4));
  const epsilon = f32x4.splat(load<f32>(settings, 16));
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const c1 = f32x4.splat(1 - beta1);
  const c2 = f32x4.splat(1 - beta2);
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const gradient = v128.load(g + i);
    const first = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(c1, gradient));
    const second = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(c2, f32x4.mul(gradient, gradient)));
    v128.store(m + i, first);
    v128.store(v + i, second);
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(second, scale2)), epsilon);
    v128.store(w + i, f32x4.sub(f32x4.mul(v128.load(w + i), kept), f32x4.div(f32x4.mul(first, scale1), root)));
  }
}

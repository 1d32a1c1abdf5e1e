// What the models learned during a fold, for training and evaluation offline: each example with its features as they
// were at the decision, written one after the other into OUTPUT. Off in production.
import { L_LABEL, L_MODEL, L_PROBABILITY, L_RAW, L_TIME, OUTPUT, OUTPUT_BYTES, RAW } from "./layout";

let logging: bool = false;
/** Bytes written since the log began. */
export let logged: i32 = 0;

export function beginLog(on: bool): void {
  logging = on;
  logged = 0;
}

@inline export function logExample(model: i32, width: i32, p: f64, y: f32, t: f64): void {
  if (logging) write(model, width, p, y, t);
}

function write(model: i32, width: i32, p: f64, y: f32, t: f64): void {
  const bytes = L_RAW + (width << 2);
  // An example that does not fit would be lost in silence: stop instead.
  if (logged + bytes > OUTPUT_BYTES) unreachable();
  const at = OUTPUT + <usize>logged;
  store<i32>(at, model, L_MODEL);
  store<f32>(at, y, L_LABEL);
  store<f64>(at, t, L_TIME);
  store<f64>(at, p, L_PROBABILITY);
  memory.copy(at + L_RAW, RAW, <usize>width << 2);
  logged += bytes;
}

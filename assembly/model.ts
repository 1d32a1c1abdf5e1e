// A model of the profile: examples in, probabilities out. The learner behind it is the definition's choice.
import { sigmoid } from "./math/exp";
import { extract, observe, standardise, Z } from "./features";
import { init as initLearner, learn, predict } from "./learners/index";
import { logit, variance } from "./learners/prediction";
import {
  M_EXAMPLES, M_FAST, M_LAST, M_POSITIVES, M_SLOW, M_STANDARD, PM_PRIOR, PM_STATE, PM_WIDTH, PRIOR, STATE,
} from "./layout";

const FAST: f32 = 0.1;
const SLOW: f32 = 0.01;
const PI_8: f64 = 0.39269908169872414;

/** The last prediction: its probability and the standard deviation of that. */
export let probability: f32 = 0;
export let deviation: f32 = 0;

/** The first state of the model at params `m`, over zeros: a new user's features are scaled as the prior's are. */
export function initModel(m: usize): void {
  const row = <usize>load<i32>(m, PM_WIDTH) << 2;
  memory.copy(STATE + load<i32>(m, PM_STATE) + M_STANDARD, PRIOR + load<i32>(m, PM_PRIOR) + row, 3 * row);
  initLearner(m);
}

/** Predicts the label of the record at `r`. Changes nothing but `probability`, `deviation` and Z. */
export function predictRecord(m: usize, r: usize): void {
  extract(m, r);
  standardise(STATE + load<i32>(m, PM_STATE) + M_STANDARD, load<i32>(m, PM_WIDTH));
  predict(m, Z);
  // The mean of σ over the uncertain log-odds (MacKay 1992).
  const v = <f64>variance;
  const kept = 1 / sqrt(1 + PI_8 * v);
  const p = sigmoid(<f64>logit * kept);
  probability = <f32>p;
  // The delta method, which has no bound, within one that has: a probability of mean p varies by p(1-p) at most.
  const spread = p * (1 - p);
  deviation = <f32>min(spread * sqrt(v), sqrt(spread * (1 - kept)));
}

/** Predicts, then learns the label `y` of the record at `r`. */
export function learnRecord(m: usize, r: usize, y: f32): void {
  predictRecord(m, r);
  const s = STATE + load<i32>(m, PM_STATE);
  const width = load<i32>(m, PM_WIDTH);
  observe(s + M_STANDARD, width);
  standardise(s + M_STANDARD, width);
  learn(m, Z, y);

  const p = probability;
  const examples = load<f32>(s, M_EXAMPLES);
  const fast = examples == 0 ? p : load<f32>(s, M_FAST);
  const slow = examples == 0 ? p : load<f32>(s, M_SLOW);
  store<f32>(s, examples + 1, M_EXAMPLES);
  store<f32>(s, load<f32>(s, M_POSITIVES) + y, M_POSITIVES);
  store<f32>(s, p, M_LAST);
  store<f32>(s, fast + FAST * (p - fast), M_FAST);
  store<f32>(s, slow + SLOW * (p - slow), M_SLOW);
}

// Ranks candidates so that something is learned from the choice: by a draw from what the learner believes (Thompson
// 1933), or by an upper bound of it. The probability that a candidate comes first goes with it, for whoever weighs
// the outcome later. Writes nothing to the state.
import { Z } from "./features";
import * as bayes from "./learners/bayes";
import * as ensemble from "./learners/ensemble";
import { block } from "./learners/index";
import { deviation, margin, probability, settle, spread } from "./learners/prediction";
import { predict } from "./learners/index";
import { uniform } from "./math/random";
import { learnerOf, predictRow, readRecords } from "./model";
import {
  EXPLORE_THOMPSON, EXPLORE_UCB, LEARNER_BAYES, LEARNER_ENSEMBLE, MOST_ROWS, OUTPUT, P_RECORD_BYTES, PARAMS, PL_KIND, PL_SIZE, PM_WIDTH,
  RECORDS, X_MEMBERS, X_PROBABILITY, X_PROPENSITY, X_SCORE, X_SD, X_VECTOR,
} from "./layout";

/** Draws by which the probability of coming first is estimated; the first of them is the one served. */
const DRAWS: i32 = 256;
/** The state of the random numbers of a request. */
const SEED: usize = memory.data(16, 16);

/** Bytes of a candidate's answer, with its vector. */
export function answerBytes(m: usize): i32 {
  return X_VECTOR + (load<i32>(m, PM_WIDTH) << 2);
}

/** Scores the `count` records by the model at params `m` into OUTPUT. */
export function exploreRecords(m: usize, count: i32, how: i32, seed: u32): void {
  const recordBytes = load<i32>(PARAMS, P_RECORD_BYTES);
  const bytes = <usize>answerBytes(m);
  const learner = learnerOf(m);
  let r = RECORDS;
  let out = OUTPUT;
  for (let i = 0; i < count; i++, r += recordBytes, out += bytes) {
    const row = i % MOST_ROWS;
    if (row == 0) readRecords(m, r, min(count - i, MOST_ROWS), i == 0);
    const raw = predictRow(m, row);
    settle();
    store<f32>(out, <f32>probability, X_PROBABILITY);
    store<f32>(out, <f32>deviation, X_SD);
    store<f32>(out, <f32>(how == EXPLORE_UCB ? margin + spread : margin), X_SCORE);
    store<f32>(out, 0, X_PROPENSITY);
    memory.copy(out + X_VECTOR, Z, <usize>load<i32>(m, PM_WIDTH) << 2);
    if (load<i32>(learner, PL_KIND) == LEARNER_ENSEMBLE) keepMembers(learner, raw, out);
  }
  if (how == EXPLORE_THOMPSON) {
    store<u32>(SEED, seed);
    for (let draw = 0; draw < DRAWS; draw++) drawScores(learner, count, bytes, draw == 0);
  } else {
    const best = OUTPUT + <usize>first(count, bytes, X_SCORE) * bytes;
    store<f32>(best, 1, X_PROPENSITY);
  }
}

/** What each member of an ensemble says of the last vector. */
function keepMembers(learner: usize, raw: usize, out: usize): void {
  for (let k = load<i32>(learner, PL_SIZE) - 1; k >= 0; k--) {
    predict(ensemble.member(learner, k), Z, raw);
    store<f32>(out + (<usize>k << 2), <f32>margin, X_MEMBERS);
  }
}

/** One draw: of a member of an ensemble by its share, and of its weights where it is unsure of them. */
function drawScores(learner: usize, count: i32, bytes: usize, served: bool): void {
  let drawn = learner;
  let k = 0;
  if (load<i32>(learner, PL_KIND) == LEARNER_ENSEMBLE) {
    let u = uniform(SEED);
    const last = load<i32>(learner, PL_SIZE) - 1;
    while (k < last && u >= ensemble.share(k)) u -= ensemble.share(k++);
    drawn = ensemble.member(learner, k);
  }
  const isUnsure = load<i32>(drawn, PL_KIND) == LEARNER_BAYES;
  if (isUnsure) bayes.draw(drawn, block(drawn), SEED);
  const isMember = drawn != learner;
  let best = OUTPUT;
  let bestScore: f32 = -Infinity;
  let out = OUTPUT;
  for (let i = 0; i < count; i++, out += bytes) {
    let score = load<f32>(out, X_SCORE);
    if (isUnsure) score = bayes.drawnLogit(drawn, out + X_VECTOR);
    else if (isMember) score = load<f32>(out + (<usize>k << 2), X_MEMBERS);
    if (score > bestScore) {
      bestScore = score;
      best = out;
    }
    if (served) store<f32>(out, score, X_SCORE);
  }
  store<f32>(best, load<f32>(best, X_PROPENSITY) + <f32>(1 / <f64>DRAWS), X_PROPENSITY);
}

function first(count: i32, bytes: usize, at: usize): i32 {
  let best = 0;
  for (let i = 1; i < count; i++) {
    if (load<f32>(OUTPUT + <usize>i * bytes + at) > load<f32>(OUTPUT + <usize>best * bytes + at)) best = i;
  }
  return best;
}

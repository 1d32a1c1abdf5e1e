// The learners, listed once. A learner is a file of this folder and a case in each function here: `z` is the
// standardised vector, `x` the raw one.
import {
  LEARNER_ADAMW, LEARNER_BAYES, LEARNER_COIN, LEARNER_ENSEMBLE, LEARNER_FTRL, LEARNER_MLP, LEARNER_SGD, PL_KIND,
  PL_STATE, STATE,
} from "../layout";
import * as adamw from "./adamw";
import * as bayes from "./bayes";
import * as coin from "./coin";
import * as ensemble from "./ensemble";
import * as ftrl from "./ftrl";
import * as mlp from "./mlp";
import * as sgd from "./sgd";

/** Bytes of a learner's own block; an ensemble's members have theirs besides. */
export function learnerBytes(kind: i32, width: i32, size: i32): i32 {
  switch (kind) {
    case LEARNER_SGD: return sgd.bytes(width);
    case LEARNER_ADAMW: return adamw.bytes(width);
    case LEARNER_FTRL: return ftrl.bytes(width);
    case LEARNER_COIN: return coin.bytes(width);
    case LEARNER_BAYES: return bayes.bytes(width);
    case LEARNER_MLP: return mlp.bytes(width, size);
    case LEARNER_ENSEMBLE: return ensemble.bytes();
  }
  return unreachable();
}

/** Writes the first block of the learner at params `l` over zeros. */
export function init(l: usize): void {
  switch (load<i32>(l, PL_KIND)) {
    case LEARNER_SGD: return sgd.init(l, block(l));
    case LEARNER_ADAMW: return adamw.init(l, block(l));
    case LEARNER_BAYES: return bayes.init(l, block(l));
    case LEARNER_MLP: return mlp.init(l, block(l));
    case LEARNER_ENSEMBLE: return ensemble.init(l);
  }
}

/** Answers for a vector through `prediction`; changes nothing that is kept. */
export function predict(l: usize, z: usize, x: usize): void {
  switch (load<i32>(l, PL_KIND)) {
    case LEARNER_SGD: return sgd.predict(l, block(l), z);
    case LEARNER_ADAMW: return adamw.predict(l, block(l), z);
    case LEARNER_FTRL: return ftrl.predict(l, block(l), z);
    case LEARNER_COIN: return coin.predict(l, block(l), x);
    case LEARNER_BAYES: return bayes.predict(l, block(l), z);
    case LEARNER_MLP: return mlp.predict(l, block(l), z);
    case LEARNER_ENSEMBLE: return ensemble.predict(l, block(l), z, x);
  }
}

/** Learns that a vector had the label `y`, 0 or 1. */
export function learn(l: usize, z: usize, x: usize, y: f32): void {
  switch (load<i32>(l, PL_KIND)) {
    case LEARNER_SGD: return sgd.learn(l, block(l), z, y);
    case LEARNER_ADAMW: return adamw.learn(l, block(l), z, y);
    case LEARNER_FTRL: return ftrl.learn(l, block(l), z, y);
    case LEARNER_COIN: return coin.learn(l, block(l), x, y);
    case LEARNER_BAYES: return bayes.learn(l, block(l), z, y);
    case LEARNER_MLP: return mlp.learn(l, block(l), z, y);
    case LEARNER_ENSEMBLE: return ensemble.learn(l, block(l), z, x, y);
  }
}

/** Adds to `out` what each of `n` features of the vector just predicted adds to the log-odds, times `factor`. */
export function addContributions(l: usize, z: usize, x: usize, n: i32, out: usize, factor: f32): void {
  const kind = load<i32>(l, PL_KIND);
  if (kind == LEARNER_ENSEMBLE) return ensemble.addContributions(l, z, x, n, out);
  for (let j = 0; j < n; j++) {
    const at = <usize>j << 2;
    const one = kind == LEARNER_COIN ? coin.contribution(l, block(l), x, j) : weight(l, j) * load<f32>(z + at);
    store<f32>(out + at, load<f32>(out + at) + factor * one);
  }
}

/** What the standardised feature `j` is multiplied by, for learners that multiply it. */
export function weight(l: usize, j: i32): f32 {
  switch (load<i32>(l, PL_KIND)) {
    case LEARNER_SGD: return sgd.weight(block(l), j);
    case LEARNER_ADAMW: return adamw.weight(block(l), j);
    case LEARNER_FTRL: return ftrl.weight(l, block(l), j);
    case LEARNER_BAYES: return bayes.weight(l, block(l), j);
    case LEARNER_MLP: return mlp.weight(l, block(l), j);
  }
  return unreachable();
}

/** The block of the learner at params `l`. */
@inline export function block(l: usize): usize {
  return STATE + load<i32>(l, PL_STATE);
}

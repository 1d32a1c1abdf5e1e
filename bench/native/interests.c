#include <math.h>

#include "profile.h"

// Space-Saving (Metwally et al., ICDT 2005) over forward-decayed weights (Cormode et al., ICDE 2009).

/** The slot of a key, or -1. */
static int find_key(const double *keys, int used, double key) {
  for (int i = 0; i < used; i++) {
    if (keys[i] == key) return i;
  }
  return -1;
}

/** The first slot of least weight. */
static int lightest(const double *weights, int keep) {
  int slot = 0;
  for (int i = 1; i < keep; i++) {
    if (weights[i] < weights[slot]) slot = i;
  }
  return slot;
}

/** An error is a bound: kept in f32, it must not come out too small. */
static float round_up(double error) { return (float)(error * 1.0000002); }

void add_interest(byte *dimension, int keep, double key, double weight, double t, double rate) {
  double *keys = &F64(dimension, I_KEYS);
  double *weights = keys + keep;
  float *errors = (float *)(weights + keep);
  int used = I32(dimension, I_USED);
  if (used == 0) F64(dimension, I_LANDMARK) = t;
  double age = rate * (t - F64(dimension, I_LANDMARK));
  if (age > 40) {
    double factor = exp(-age);
    F64(dimension, I_LANDMARK) = t;
    F64(dimension, I_TOTAL) *= factor;
    for (int i = 0; i < keep; i++) weights[i] *= factor;
    for (int i = 0; i < keep; i++) errors[i] = round_up(errors[i] * factor);
    age = 0;
  }
  double grown = weight * exp(age);
  F64(dimension, I_TOTAL) += grown;
  int slot = find_key(keys, used, key);
  if (slot >= 0) {
    weights[slot] += grown;
    return;
  }
  double inherited = 0;
  if (used < keep) {
    slot = used;
    I32(dimension, I_USED) = used + 1;
  } else {
    slot = lightest(weights, keep);
    inherited = weights[slot];
  }
  keys[slot] = key;
  weights[slot] = inherited + grown;
  errors[slot] = round_up(inherited);
}

/** The share of a key in the dimension's total, 0 when it is not kept. */
double share_of(byte *dimension, int keep, double key) {
  double *keys = &F64(dimension, I_KEYS);
  int slot = find_key(keys, I32(dimension, I_USED), key);
  double total = F64(dimension, I_TOTAL);
  return slot < 0 || total <= 0 ? 0 : keys[keep + slot] / total;
}

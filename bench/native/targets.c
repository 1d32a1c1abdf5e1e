#include <string.h>

#include "profile.h"

static byte *pending_of(Profile *profile, byte *model) { return profile->state + I32(model, PM_PENDING_STATE); }

static int entry_bytes(byte *model) { return E_RAW + 4 * I32(model, PM_WIDTH); }

/** Ends a pending example with its label; the next one moves to its place. */
static void end_example(Profile *profile, byte *model, byte *entry, float y, double t) {
  byte *state = profile->state + I32(model, PM_STATE);
  int bytes = entry_bytes(model);
  double p = F64(entry, E_PROBABILITY);
  float propensity = F32(entry, E_PROPENSITY);
  memcpy(profile->raw, entry + E_RAW, sizeof(float) * (size_t)I32(model, PM_WIDTH));
  int left = I32(state, M_PENDING) - 1;
  byte *last = pending_of(profile, model) + left * bytes;
  memmove(entry, entry + bytes, (size_t)(last - entry));
  memset(last, 0, (size_t)bytes);
  I32(state, M_PENDING) = left;
  learn(profile, model, p, y, propensity, t);
}

/** Ends what ran out before `t` as negative, oldest first. */
static void run_out(Profile *profile, byte *model, double t) {
  byte *state = profile->state + I32(model, PM_STATE);
  byte *first = pending_of(profile, model);
  while (I32(state, M_PENDING) > 0 && F64(first, E_UNTIL) < t) end_example(profile, model, first, 0, t);
}

/** Ends as positive what has the key of an outcome, or all when it has none. */
static void resolve(Profile *profile, byte *model, double key, double t) {
  byte *state = profile->state + I32(model, PM_STATE);
  byte *entry = pending_of(profile, model);
  for (int left = I32(state, M_PENDING); left > 0; left--) {
    if (key == 0 || F64(entry, E_KEY) == key) end_example(profile, model, entry, 1, t);
    else entry += entry_bytes(model);
  }
}

static void open_example(Profile *profile, byte *model, byte *record, byte *label, double t) {
  byte *state = profile->state + I32(model, PM_STATE);
  int waiting = I32(state, M_PENDING);
  if (waiting == I32(model, PM_PENDING)) {
    F32(state, M_SKIPPED) += 1;
    return;
  }
  extract(profile, model, record);
  byte *entry = pending_of(profile, model) + waiting * entry_bytes(model);
  F64(entry, E_UNTIL) = t + F64(model, PM_WITHIN);
  F64(entry, E_KEY) = F64(label, RL_KEY);
  F64(entry, E_PROBABILITY) = predict(profile, model);
  F32(entry, E_PROPENSITY) = F32(label, RL_PROPENSITY);
  memcpy(entry + E_RAW, profile->raw, sizeof(float) * (size_t)I32(model, PM_WIDTH));
  I32(state, M_PENDING) = waiting + 1;
}

/** What a record means to a model. */
void heed(Profile *profile, byte *model, byte *record, byte *label) {
  double t = F64(record, R_TIME);
  if (I32(model, PM_PENDING) > 0) run_out(profile, model, t);
  int role = I32(label, RL_ROLE);
  if (role & ROLE_OUTCOME) resolve(profile, model, F64(label, RL_KEY), t);
  if (role & (ROLE_NEGATIVE | ROLE_POSITIVE)) {
    extract(profile, model, record);
    double p = predict(profile, model);
    learn(profile, model, p, role & ROLE_POSITIVE ? 1 : 0, F32(label, RL_PROPENSITY), t);
  }
  if (role & ROLE_OPENS) open_example(profile, model, record, label, t);
}

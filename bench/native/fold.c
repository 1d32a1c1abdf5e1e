#include "profile.h"

static void heed_models(Profile *profile, byte *record) {
  byte *label = record + I32(profile->params, P_RECORD_LABELS);
  byte *model = profile->params + I32(profile->params, P_MODELS_AT);
  int models = I32(profile->params, P_MODELS);
  for (int i = 0; i < models; i++) heed(profile, model + i * PM_BYTES, record, label + i * RL_BYTES);
}

static void count_event(byte *state, byte *record, double t) {
  if (F64(state, S_EVENTS) == 0) F64(state, S_FIRST) = t;
  F64(state, S_EVENTS) += 1;
  F64(state, S_LAST) = t;
  int name = I32(record, R_NAME);
  if (name >= 0) F64(state, S_LASTS + 8 * name) = t;
}

static void add_windows(Profile *profile, byte *record, double t) {
  int bucket_bytes = I32(profile->params, P_BUCKET_BYTES);
  byte *window = profile->params + I32(profile->params, P_WINDOWS_AT);
  int windows = I32(profile->params, P_WINDOWS);
  for (int i = 0; i < windows; i++, window += PW_BYTES) {
    add_to_window(profile->state + I32(window, PW_STATE), F64(window, PW_BUCKET_MS), bucket_bytes,
                  I32(record, R_NAME), F64(record, R_VALUE), t);
  }
}

static void add_numbers(Profile *profile, byte *record, double t) {
  double *values = &F64(record, I32(profile->params, P_RECORD_NUMBERS));
  byte *number = profile->params + I32(profile->params, P_NUMBERS_AT);
  int numbers = I32(profile->params, P_NUMBERS);
  for (int i = 0; i < numbers; i++, number += PN_BYTES) {
    if (values[i] == values[i]) add_number(number, profile->state + I32(number, PN_STATE), values[i], t);
  }
}

static void add_interests(Profile *profile, byte *record, double weight, double t) {
  double *keys = &F64(record, I32(profile->params, P_RECORD_KEYS));
  byte *dimension = profile->params + I32(profile->params, P_DIMENSIONS_AT);
  int dimensions = I32(profile->params, P_DIMENSIONS);
  for (int i = 0; i < dimensions; i++, dimension += PD_BYTES) {
    if (keys[i] == 0) continue;
    add_interest(profile->state + I32(dimension, PD_STATE), I32(dimension, PD_KEEP), keys[i], weight, t,
                 F64(dimension, PD_RATE));
  }
}

void fold_record(Profile *profile, byte *record) {
  // The models first: a feature must not contain the event that it predicts.
  heed_models(profile, record);
  double t = F64(record, R_TIME);
  if (I32(record, R_PART) == 0) {
    count_event(profile->state, record, t);
    add_windows(profile, record, t);
  }
  add_numbers(profile, record, t);
  double weight = F64(record, R_WEIGHT);
  if (weight > 0) add_interests(profile, record, weight, t);
}

#include <math.h>

#include "profile.h"

static const double HOUR_MS = 3600000;
static const double DAY_MS = 86400000;

/** A value within bounds, so that no square of it over- or underflows; NaN stays missing. */
static float bounded(float x) { return fabsf(x) < 1e-15f ? 0 : x < -1e15f ? -1e15f : x > 1e15f ? 1e15f : x; }

/** Writes the model's raw vector for a record. */
void extract(Profile *profile, byte *model, byte *record) {
  byte *params = profile->params;
  byte *state = profile->state;
  float *raw = profile->raw;
  double t = F64(record, R_TIME);
  byte *inputs = record + I32(params, P_RECORD_INPUTS);
  double *keys = &F64(record, I32(params, P_RECORD_KEYS));
  int width = I32(model, PM_WIDTH);
  for (int j = 0; j < width; j++) raw[j] = NAN;
  raw[0] = 1;
  byte *op = params + I32(model, PM_OPS_AT);
  for (int i = I32(model, PM_OPS); i > 0; i--, op += PO_BYTES) {
    float *slot = raw + I32(op, PO_SLOT);
    int source = I32(op, PO_SOURCE);
    switch (I32(op, PO_KIND)) {
      case OP_NUMBER:
        *slot = bounded(F32(inputs, 4 * source));
        break;
      case OP_NUMBER_LOG: {
        double x = F32(inputs, 4 * source);
        *slot = bounded((float)copysign(log1p(fabs(x)), x));
        break;
      }
      case OP_CATEGORY: {
        uint32_t hash = U32(inputs, 4 * source);
        if (hash == 0) break;
        uint32_t indicators = U32(op, PO_WIDTH);
        for (uint32_t j = 0; j < indicators; j++) slot[j] = 0;
        slot[hash % indicators] = 1;
        break;
      }
      case OP_AFFINITY: {
        if (keys[source] == 0) break;
        byte *dimension = params + I32(params, P_DIMENSIONS_AT) + source * PD_BYTES;
        *slot = (float)share_of(state + I32(dimension, PD_STATE), I32(dimension, PD_KEEP), keys[source]);
        break;
      }
      case OP_COUNT: {
        byte *window = params + I32(params, P_WINDOWS_AT) + source * PW_BYTES;
        uint32_t count = count_in_window(state + I32(window, PW_STATE), F64(window, PW_BUCKET_MS),
                                         I32(params, P_BUCKET_BYTES), I32(op, PO_NAME), t);
        *slot = (float)log1p(count);
        break;
      }
      case OP_RECENCY: {
        double last = F64(state, S_LASTS + 8 * I32(op, PO_NAME));
        if (last >= 0) *slot = (float)log1p(fmax(t - last, 0) / HOUR_MS);
        break;
      }
      case OP_HOUR: {
        double angle = 2 * M_PI * (t / DAY_MS - floor(t / DAY_MS));
        slot[0] = (float)sin(angle);
        slot[1] = (float)cos(angle);
        break;
      }
    }
  }
}

/** Standardises by rows of means and variances: missing and constant features become 0. */
void standardise(float *restrict z, const float *restrict raw, const float *restrict means,
                 const float *restrict variances, int width) {
  for (int j = 0; j < width; j++) {
    float scaled = (raw[j] - means[j]) / sqrtf(variances[j]);
    scaled = scaled < -1e6f ? -1e6f : scaled > 1e6f ? 1e6f : scaled;
    int usable = (variances[j] > means[j] * means[j] * 1e-10f) & (raw[j] == raw[j]);
    z[j] = usable ? scaled : 0;
  }
  z[0] = 1;
}

/** Takes the raw vector into n, mean and variance (Welford). */
void observe(float *restrict statistics, const float *restrict raw, int width) {
  float *restrict counts = statistics;
  float *restrict means = statistics + width;
  float *restrict variances = statistics + 2 * width;
  for (int j = 0; j < width; j++) {
    float x = raw[j];
    int present = x == x;
    float n = counts[j] + 1;
    float delta = x - means[j];
    float mean = means[j] + delta / n;
    float variance = variances[j] + (delta * (x - mean) - variances[j]) / n;
    counts[j] = present ? n : counts[j];
    means[j] = present ? mean : means[j];
    variances[j] = present ? variance : variances[j];
  }
}

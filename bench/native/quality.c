#include <math.h>

#include "profile.h"

static double log_loss(double p, float y) { return -log(clamp(y > 0 ? p : 1 - p, 1e-9, 1 - 1e-9)); }

static double bounded_logit(double p) {
  double q = clamp(p, 1e-9, 1 - 1e-9);
  return clamp(log(q / (1 - q)), -15, 15);
}

/** Platt's slope and intercept, online: an extended Kalman filter in two dimensions. */
static void calibrate(byte *quality, double p, float y) {
  double x = bounded_logit(p);
  double *covariance = &F64(quality, Q_COVARIANCE);
  double guess = 1 / (1 + exp(-(F64(quality, Q_SLOPE) * x + F64(quality, Q_INTERCEPT))));
  double h = guess * (1 - guess);
  double ka = covariance[0] * x + covariance[1];
  double kb = covariance[1] * x + covariance[2];
  double gain = 1 / (1 + h * (ka * x + kb));
  double step = (y - guess) * gain;
  double shrink = h * gain;
  F64(quality, Q_SLOPE) += ka * step;
  F64(quality, Q_INTERCEPT) += kb * step;
  covariance[0] -= shrink * ka * ka;
  covariance[1] -= shrink * ka * kb;
  covariance[2] -= shrink * kb * kb;
}

/** Page and Hinkley's test for a rise of the loss (Page 1954). */
static void watch(byte *model, byte *quality, double loss, double t) {
  float n = F32(quality, Q_DRIFT_COUNT) + 1;
  double mean = F64(quality, Q_DRIFT_MEAN) + (loss - F64(quality, Q_DRIFT_MEAN)) / n;
  double sum = F64(quality, Q_DRIFT_SUM) + (loss - mean - F64(model, PM_DRIFT_DELTA));
  double least = fmin(F64(quality, Q_DRIFT_LEAST), sum);
  if (n >= I32(model, PM_DRIFT_LEAST) && sum - least > F64(model, PM_DRIFT_THRESHOLD)) {
    F64(quality, Q_DRIFT_AT) = t;
    F32(quality, Q_DETECTIONS) += 1;
    n = 0;
    mean = sum = least = 0;
  }
  F32(quality, Q_DRIFT_COUNT) = n;
  F64(quality, Q_DRIFT_MEAN) = mean;
  F64(quality, Q_DRIFT_SUM) = sum;
  F64(quality, Q_DRIFT_LEAST) = least;
}

/** Takes in that a model gave `p` to an example of label `y`, before the example is counted. */
void judge(byte *model, byte *state, double p, double prior_p, float y, float propensity, double t) {
  byte *quality = state + M_QUALITY;
  double loss = log_loss(p, y);
  double rate = (F32(state, M_POSITIVES) + 0.5) / (F32(state, M_EXAMPLES) + 1.0);
  F64(quality, Q_LOSS) += loss;
  F64(quality, Q_BASE_LOSS) += log_loss(rate, y);
  if (prior_p >= 0) F64(quality, Q_PRIOR_LOSS) += log_loss(prior_p, y);
  if ((p > 0.5) == (y > 0)) F32(quality, Q_CORRECT) += 1;
  int tenth = (int)(p * 10);
  float *bin = &F32(quality, Q_BINS + (tenth < 9 ? tenth : 9) * Q_BIN_BYTES);
  bin[0] += 1;
  bin[1] += y;
  bin[2] += (float)p;
  if (propensity > 0) {
    F64(quality, Q_INVERSE) += 1 / (double)propensity;
    F64(quality, Q_INVERSE_POSITIVE) += (double)y / propensity;
  }
  calibrate(quality, p, y);
  watch(model, quality, loss, t);
}

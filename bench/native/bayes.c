#include <math.h>

#include "profile.h"

// Bayesian logistic regression by a diagonal extended Kalman filter that forgets toward the prior. Block: m, S.

void bayes_predict(const float *restrict block, const float *restrict prior, const float *restrict z, int width,
                   double *logit, double *variance) {
  const float *restrict means = block;
  const float *restrict variances = block + width;
  float sum = 0, spread = 0;
  for (int j = 0; j < width; j++) {
    sum += (means[j] + prior[j]) * z[j];
    spread += variances[j] * (z[j] * z[j]);
  }
  *logit = sum;
  *variance = spread;
}

void bayes_learn(const float *settings, float *restrict block, const float *restrict prior, const float *restrict z,
                 int width, float y) {
  float *restrict means = block;
  float *restrict variances = block + width;
  float tau2 = settings[0], forget = settings[1], kept = 1 - forget;
  float sum = 0, spread = 0;
  for (int j = 0; j < width; j++) {
    float ratio = tau2 / (kept * tau2 + forget * variances[j]);
    means[j] = means[j] * ratio * kept;
    variances[j] = variances[j] * ratio;
    sum += (means[j] + prior[j]) * z[j];
    spread += variances[j] * (z[j] * z[j]);
  }
  float p = (float)(1 / (1 + exp(-(double)sum)));
  float h = p * (1 - p);
  float gain = 1 / (1 + h * spread);
  float error = (y - p) * gain;
  float certainty = h * gain;
  for (int j = 0; j < width; j++) {
    float sx = variances[j] * z[j];
    float shrunk = variances[j] - certainty * (sx * sx);
    means[j] += sx * error;
    variances[j] = shrunk > 1e-9f ? shrunk : 1e-9f;
  }
}

#include <math.h>

#include "profile.h"

static const float NO_WEIGHTS[MOST_FEATURES];

static float *floats(byte *block, int offset) { return &F32(block, offset); }

static const float *prior_weights(Profile *profile, byte *model) {
  int prior = I32(model, PM_PRIOR);
  return prior < 0 ? NO_WEIGHTS : floats(profile->prior, prior);
}

static float *learner_block(Profile *profile, byte *model) {
  return floats(profile->state, I32(profile->params + I32(model, PM_LEARNER), PL_STATE));
}

/** Standardises the raw vector: by the prior's statistics where there are some, else by the user's own. */
static void scale(Profile *profile, byte *model) {
  int width = I32(model, PM_WIDTH);
  int prior = I32(model, PM_PRIOR);
  float *means = prior >= 0 ? floats(profile->prior, prior) + width
                            : floats(profile->state, I32(model, PM_STATE) + M_STANDARD) + width;
  standardise(profile->z, profile->raw, means, means + width, width);
}

/** The probability of a positive for the raw vector: the mean of σ over the log-odds (MacKay 1992). */
double predict(Profile *profile, byte *model) {
  double logit, variance;
  scale(profile, model);
  bayes_predict(learner_block(profile, model), prior_weights(profile, model), profile->z, I32(model, PM_WIDTH), &logit,
                &variance);
  return 1 / (1 + exp(-logit / sqrt(1 + M_PI / 8 * variance)));
}

/** Learns at `t` that the raw vector, for which `p` was predicted, has the label `y`. */
void learn(Profile *profile, byte *model, double p, float y, float propensity, double t) {
  byte *state = profile->state + I32(model, PM_STATE);
  int width = I32(model, PM_WIDTH);
  const float *weights = prior_weights(profile, model);
  double prior_p = -1;
  if (I32(model, PM_PRIOR) < 0) observe(floats(state, M_STANDARD), profile->raw, width);
  scale(profile, model);
  if (I32(model, PM_PRIOR) >= 0) {
    float logit = 0;
    for (int j = 0; j < width; j++) logit += weights[j] * profile->z[j];
    prior_p = 1 / (1 + exp(-(double)logit));
  }
  judge(model, state, p, prior_p, y, propensity, t);
  bayes_learn(floats(profile->params + I32(model, PM_LEARNER), PL_SETTINGS), learner_block(profile, model), weights,
              profile->z, width, y);

  float shown = (float)p;
  int first = F32(state, M_EXAMPLES) == 0;
  float fast = first ? shown : F32(state, M_FAST);
  float slow = first ? shown : F32(state, M_SLOW);
  F32(state, M_EXAMPLES) += 1;
  F32(state, M_POSITIVES) += y;
  F32(state, M_LAST) = shown;
  F32(state, M_FAST) = fast + 0.1f * (shown - fast);
  F32(state, M_SLOW) = slow + 0.01f * (shown - slow);
}

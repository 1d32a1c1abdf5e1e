// The kernel's fold in C, for comparison: the same params, records and states, bit for bit in layout (layout.h is
// generated from the kernel's own constants), the same formulas in the same precision, libm instead of the kernel's
// own exp and log. Written as one writes C: plain loops that the compiler may vectorise.
#ifndef PROFILE_H
#define PROFILE_H

#include <stdint.h>

#include "layout.h"

typedef uint8_t byte;

// A value at an offset of a block.
#define F64(block, offset) (*(double *)((block) + (offset)))
#define F32(block, offset) (*(float *)((block) + (offset)))
#define I32(block, offset) (*(int32_t *)((block) + (offset)))
#define U32(block, offset) (*(uint32_t *)((block) + (offset)))

typedef struct {
  byte *params;
  byte *prior;
  byte *state;
  /** A model's vector, as the event has it (NaN where missing) and standardised. */
  _Alignas(32) float raw[MOST_FEATURES];
  _Alignas(32) float z[MOST_FEATURES];
} Profile;

// fold.c
void fold_record(Profile *profile, byte *record);

// numbers.c
void add_number(byte *params, byte *number, double x, double t);

// interests.c
void add_interest(byte *dimension, int keep, double key, double weight, double t, double rate);
double share_of(byte *dimension, int keep, double key);

// windows.c
void add_to_window(byte *window, double bucket_ms, int bucket_bytes, int name, double value, double t);
uint32_t count_in_window(byte *window, double bucket_ms, int bucket_bytes, int name, double t);

// features.c
void extract(Profile *profile, byte *model, byte *record);
void standardise(float *restrict z, const float *restrict raw, const float *restrict means,
                 const float *restrict variances, int width);
void observe(float *restrict statistics, const float *restrict raw, int width);

// targets.c
void heed(Profile *profile, byte *model, byte *record, byte *label);

// model.c
double predict(Profile *profile, byte *model);
void learn(Profile *profile, byte *model, double p, float y, float propensity, double t);

// bayes.c
void bayes_predict(const float *restrict block, const float *restrict prior, const float *restrict z, int width,
                   double *logit, double *variance);
void bayes_learn(const float *settings, float *restrict block, const float *restrict prior, const float *restrict z,
                 int width, float y);

// quality.c
void judge(byte *model, byte *state, double p, double prior_p, float y, float propensity, double t);

static inline double clamp(double x, double least, double most) { return x < least ? least : x > most ? most : x; }

#endif

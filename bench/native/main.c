// fold FOLDER COUNT ROUNDS: folds COUNT records again and again, prints folds a second (the median of ROUNDS), and
// writes the state after one fold. FOLDER holds params, prior, fresh and records; state is written there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profile.h"

static const double ROUND_SECONDS = 0.15;

static void fail(const char *what, const char *name) {
  fprintf(stderr, "%s %s\n", what, name);
  exit(1);
}

/** Reads a file into a block of `most` bytes, zeros after its end. */
static byte *read_block(const char *folder, const char *name, size_t most, size_t *bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) fail("cannot read", path);
  byte *block = aligned_alloc(64, (most + 63) / 64 * 64);
  memset(block, 0, most);
  *bytes = fread(block, 1, most, file);
  fclose(file);
  return block;
}

static void write_block(const char *folder, const char *name, const byte *block, size_t bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(block, 1, bytes, file) != bytes) fail("cannot write", path);
  fclose(file);
}

/** What is here is what the default definition needs: no Hampel gate, no learner but bayes. */
static void check_supported(byte *params) {
  byte *number = params + I32(params, P_NUMBERS_AT);
  for (int i = 0; i < I32(params, P_NUMBERS); i++, number += PN_BYTES) {
    if (I32(number, PN_GATE) == GATE_HAMPEL) fail("not supported:", "hampel");
  }
  byte *model = params + I32(params, P_MODELS_AT);
  for (int i = 0; i < I32(params, P_MODELS); i++, model += PM_BYTES) {
    if (I32(params + I32(model, PM_LEARNER), PL_KIND) != LEARNER_BAYES) fail("not supported:", "a learner but bayes");
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **arguments) {
  if (count != 4) fail("usage:", "fold FOLDER COUNT ROUNDS");
  const char *folder = arguments[1];
  int records = atoi(arguments[2]), rounds = atoi(arguments[3]);
  size_t bytes, state_bytes, record_bytes;
  Profile profile = {
      .params = read_block(folder, "params", PARAMS_BYTES, &bytes),
      .prior = read_block(folder, "prior", PRIOR_BYTES, &bytes),
      .state = aligned_alloc(64, STATE_BYTES),
  };
  byte *fresh = read_block(folder, "fresh", STATE_BYTES, &state_bytes);
  byte *first = read_block(folder, "records", RECORDS_BYTES, &record_bytes);
  byte *folded = aligned_alloc(64, STATE_BYTES);
  int record_size = I32(profile.params, P_RECORD_BYTES);
  if (record_bytes != (size_t)records * (size_t)record_size) fail("another length was expected:", "records");
  check_supported(profile.params);

  double *rates = malloc(sizeof(double) * (size_t)rounds);
  for (int round = -1; round < rounds; round++) {
    double start = now(), passed;
    int folds = 0;
    do {
      memcpy(profile.state, fresh, state_bytes);
      for (int i = 0; i < records; i++) fold_record(&profile, first + i * record_size);
      memcpy(folded, profile.state, state_bytes);
      folds++;
      passed = now() - start;
    } while (passed < ROUND_SECONDS);
    // The first round warms the caches.
    if (round >= 0) rates[round] = folds / passed;
  }
  write_block(folder, "state", folded, state_bytes);
  qsort(rates, (size_t)rounds, sizeof(double), by_size);
  printf("%.6f\n", rates[rounds / 2]);
  return 0;
}

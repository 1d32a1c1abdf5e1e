#include <string.h>

#include "profile.h"

void add_to_window(byte *window, double bucket_ms, int bucket_bytes, int name, double value, double t) {
  uint32_t index = (uint32_t)(t / bucket_ms);
  byte *bucket = window + index % W_BUCKETS * (uint32_t)bucket_bytes;
  if (U32(bucket, B_STAMP) != index + 1) {
    memset(bucket, 0, (size_t)bucket_bytes);
    U32(bucket, B_STAMP) = index + 1;
  }
  U32(bucket, B_EVENTS) += 1;
  F64(bucket, B_VALUE) += value;
  if (name < 0) return;
  uint16_t *count = (uint16_t *)(bucket + B_COUNTS) + name;
  if (*count < UINT16_MAX) *count += 1;
}

uint32_t count_in_window(byte *window, double bucket_ms, int bucket_bytes, int name, double t) {
  uint32_t newest = (uint32_t)(t / bucket_ms) + 1;
  uint32_t count = 0;
  for (int i = 0; i < W_BUCKETS; i++) {
    byte *bucket = window + i * bucket_bytes;
    if (newest - U32(bucket, B_STAMP) < W_BUCKETS) count += ((uint16_t *)(bucket + B_COUNTS))[name];
  }
  return count;
}

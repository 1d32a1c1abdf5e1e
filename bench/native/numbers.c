#include <math.h>
#include <stdlib.h>

#include "profile.h"

/** What passes for `x` at the z-score gate. */
static double pass(byte *params, byte *number, double x) {
  if (I32(params, PN_GATE) == GATE_NONE) return x;
  byte *gate = number + N_GATE;
  double centre = F64(gate, G_MEAN);
  double deviation = F64(gate, G_COUNT) >= 10 ? sqrt(F64(gate, G_VARIANCE)) : 0;
  double reach = F64(params, PN_THRESHOLD) * deviation;
  int row = I32(number, N_ROW);
  I32(number, N_ROW) = 0;
  if (deviation > 0 && fabs(x - centre) > reach) {
    int grown = x > centre ? (row > 0 ? row : 0) + 1 : (row < 0 ? row : 0) - 1;
    if (abs(grown) >= I32(params, PN_REOPEN)) {
      F64(gate, G_COUNT) = 0;
      F64(gate, G_MEAN) = 0;
      F64(gate, G_VARIANCE) = 0;
    } else {
      I32(number, N_ROW) = grown;
      I32(number, N_CLIPPED) += 1;
      x = x > centre ? centre + reach : centre - reach;
    }
  }
  double n = F64(gate, G_COUNT) + 1;
  double a = fmax(1 / n, F64(params, PN_GATE_RATE));
  double delta = x - F64(gate, G_MEAN);
  F64(gate, G_COUNT) = n;
  F64(gate, G_MEAN) += a * delta;
  F64(gate, G_VARIANCE) = (1 - a) * (F64(gate, G_VARIANCE) + a * delta * delta);
  return x;
}

/** Moves a marker one position: along the parabola through its neighbours, else the line. */
static void move_marker(double *height, double *position, double above, double below, double step) {
  double low = height[-1], mid = height[0], high = height[1];
  double up = (high - mid) / above;
  double down = (mid - low) / below;
  double moved = mid + step / (above + below) * ((below + step) * up + (above - step) * down);
  if (!(low < moved && moved < high)) moved = step > 0 ? mid + up : mid - down;
  *height = moved;
  *position += step;
}

/** P² with p = 0.5 (Jain and Chlamtac, CACM 1985). */
static void add_median(byte *number, double x, double count) {
  double *heights = &F64(number, N_HEIGHTS);
  double *positions = &F64(number, N_POSITIONS);
  if (count <= 5) {
    int i = (int)count - 1;
    positions[i] = count;
    for (; i > 0 && heights[i - 1] > x; i--) heights[i] = heights[i - 1];
    heights[i] = x;
    return;
  }
  int cell = 3;
  if (x < heights[0]) {
    heights[0] = x;
    cell = 0;
  } else if (x < heights[1]) {
    cell = 0;
  } else if (x < heights[2]) {
    cell = 1;
  } else if (x < heights[3]) {
    cell = 2;
  } else if (x > heights[4]) {
    heights[4] = x;
  }
  for (int i = cell + 1; i < 5; i++) positions[i] += 1;
  for (int i = 1; i < 4; i++) {
    double off = 1 + (count - 1) * 0.25 * i - positions[i];
    double above = positions[i + 1] - positions[i];
    double below = positions[i] - positions[i - 1];
    if (off >= 1 && above > 1) move_marker(heights + i, positions + i, above, below, 1);
    else if (off <= -1 && below > 1) move_marker(heights + i, positions + i, above, below, -1);
  }
}

void add_number(byte *params, byte *number, double x, double t) {
  double rate = F64(params, PN_RATE);
  double u = pass(params, number, I32(params, PN_LOG) ? copysign(log1p(fabs(x)), x) : x);
  double count = F64(number, N_COUNT) + 1;
  double kept = rate > 0 && count > 1 ? exp(rate * (F64(number, N_TIME) - t)) : 1;
  double weight = kept * F64(number, N_WEIGHT) + 1;
  double delta = u - F64(number, N_MEAN);
  double mean = F64(number, N_MEAN) + delta / weight;
  F64(number, N_COUNT) = count;
  F64(number, N_SUM) += x;
  F64(number, N_WEIGHT) = weight;
  F64(number, N_MEAN) = mean;
  F64(number, N_M2) = kept * F64(number, N_M2) + delta * (u - mean);
  if (count == 1 || x < F64(number, N_MIN)) F64(number, N_MIN) = x;
  if (count == 1 || x > F64(number, N_MAX)) F64(number, N_MAX) = x;
  F64(number, N_LAST) = x;
  F64(number, N_TIME) = t;
  add_median(number, u, count);
}

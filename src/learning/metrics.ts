/** How good probabilities are, against the labels they were given for. */
export interface Metrics {
  examples: number;
  positives: number;
  /** The mean of −ln(p of the label), in nats. */
  logLoss: number;
  /** Area under the ROC curve; null when all labels are the same. */
  auc: number | null;
  /** How often p > ½ was the label. */
  accuracy: number;
  /** The harmonic mean of precision and recall of p > ½; 0 when there is no true positive. */
  f1: number;
  /** Expected calibration error over ten bins of p. */
  ece: number;
}

/** Probabilities are taken within this of 0 and 1, so that one wrong certainty does not make a loss infinite. */
const LEAST_PROBABILITY = 1e-9;
const BINS = 10;

/** All metrics of probabilities `p` for labels `y` (0 or 1). */
export function measure(y: ArrayLike<number>, p: ArrayLike<number>): Metrics {
  const examples = y.length;
  let [positives, right, truePositives, calledPositive, loss] = [0, 0, 0, 0, 0];
  for (let i = 0; i < examples; i++) {
    const label = y[i] ?? 0;
    const probability = p[i] ?? Number.NaN;
    const called = probability > 0.5 ? 1 : 0;
    loss += lossOf(label, probability);
    positives += label;
    calledPositive += called;
    if (called === label) right += 1;
    if (called === 1 && label === 1) truePositives += 1;
  }
  return {
    examples,
    positives,
    logLoss: loss / examples,
    auc: auc(y, p),
    accuracy: right / examples,
    f1: truePositives === 0 ? 0 : (2 * truePositives) / (positives + calledPositive),
    ece: calibrationError(y, p),
  };
}

/** The log loss of one probability. */
export function lossOf(label: number, probability: number): number {
  const likelihood = label === 1 ? probability : 1 - probability;
  return -Math.log(Math.min(Math.max(likelihood, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY));
}

/**
 * The area under the ROC curve: how often a positive has a higher probability than a negative, ties counting half.
 * By mean ranks (Mann and Whitney 1947); null when there are no positives or no negatives.
 */
export function auc(y: ArrayLike<number>, p: ArrayLike<number>): number | null {
  const count = y.length;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => (p[a] ?? 0) - (p[b] ?? 0));
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < count; ) {
    const value = p[order[start] ?? 0];
    let end = start;
    let tied = 0;
    for (; end < count && p[order[end] ?? 0] === value; end++) tied += y[order[end] ?? 0] ?? 0;
    // NaN equals nothing: it must not stop the walk.
    end = Math.max(end, start + 1);
    positives += tied;
    rankSum += (tied * (start + 1 + end)) / 2;
    start = end;
  }
  const negatives = count - positives;
  if (positives === 0 || negatives === 0) return null;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Σ nₖ/n · |share of positives − mean p| over ten bins, the k-th holding p in [k/10, (k+1)/10) (Naeini et al. 2015). */
function calibrationError(y: ArrayLike<number>, p: ArrayLike<number>): number {
  const gaps = new Float64Array(BINS);
  for (let i = 0; i < y.length; i++) {
    const probability = p[i] ?? 0;
    const bin = Math.min(Math.floor(probability * BINS), BINS - 1);
    gaps[bin] = (gaps[bin] ?? 0) + (y[i] ?? 0) - probability;
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / y.length;
}

export interface Spread {
  mean: number;
  /** The sample's standard deviation; 0 of a single value. */
  sd: number;
}

export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}

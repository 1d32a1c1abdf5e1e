import { type Definition, type LearnerDefinition, parseDefinition } from "../definition/schema.ts";
import { OfflineModel } from "../kernel/offline.ts";
import type { Dataset } from "./dataset.ts";
import { type Metrics, measure } from "./metrics.ts";

const MODEL = "table";
const ROWS_PER_REPORT = 500;

/** How a learner did on a dataset. */
export interface Progressive extends Metrics {
  examplesPerSecond: number;
}

/**
 * Progressive validation (Blum, Kalai and Langford 1999): each row is predicted, scored, and only then learned, in
 * the order of the file. What the model knows of the scales of the columns, too, comes from earlier rows alone.
 */
export function progressive(
  module: WebAssembly.Module,
  { columns, x, y }: Dataset,
  learner: LearnerDefinition,
  onRows: (rows: number) => void = () => {},
): Progressive {
  const model = new OfflineModel(module, tableDefinition(columns.length, learner), MODEL);
  const width = columns.length;
  const features = new Float32Array(model.width);
  const p = new Float64Array(y.length);
  const startedAt = performance.now();
  for (let row = 0; row < y.length; row++) {
    features.set(x.subarray(row * width, (row + 1) * width), 1);
    p[row] = model.learn(features, y[row] === 1 ? 1 : 0);
    if ((row + 1) % ROWS_PER_REPORT === 0) onRows(ROWS_PER_REPORT);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  onRows(y.length % ROWS_PER_REPORT);
  return { ...measure(y, p), examplesPerSecond: y.length / seconds };
}

/** The same for the prediction (positives + ½)/(rows + 1) of the rows before: what knowing only the rate gives. */
export function progressiveBaseRate(y: Uint8Array): Metrics {
  const p = new Float64Array(y.length);
  let positives = 0;
  y.forEach((label, row) => {
    p[row] = (positives + 0.5) / (row + 1);
    positives += label;
  });
  // The order of its predictions is that of the file: it says nothing.
  return { ...measure(y, p), auc: null };
}

/** A definition whose only model takes that many numbers. */
function tableDefinition(columns: number, learner: LearnerDefinition): Definition {
  return parseDefinition({
    name: MODEL,
    events: { row: {} },
    windows: [],
    models: {
      [MODEL]: {
        target: { examples: ["row"], positive: ["row"] },
        features: Array.from({ length: columns }, (_, column) => ({ kind: "number", path: `${column + 1}` })),
        learner,
      },
    },
  });
}

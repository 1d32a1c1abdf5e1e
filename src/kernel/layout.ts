/** The kernel's constants, by their names in `assembly/layout.ts`. */
export type Layout = Record<(typeof NAMES)[number], number>;

/** Every constant that the host uses; `assembly/layout.ts` says what each means. */
const NAMES = [
  "PARAMS", "PARAMS_BYTES", "PRIOR", "PRIOR_BYTES", "STATE", "STATE_BYTES", "RECORDS", "RECORDS_BYTES", "OUTPUT",
  "OUTPUT_BYTES", "MOST_FEATURES",
  "P_RECORD_BYTES", "P_STATE_BYTES", "P_NAMES", "P_NUMBERS", "P_NUMBERS_AT", "P_DIMENSIONS", "P_DIMENSIONS_AT",
  "P_WINDOWS", "P_WINDOWS_AT", "P_MODELS", "P_MODELS_AT", "P_BUCKET_BYTES", "P_RECORD_NUMBERS", "P_RECORD_KEYS",
  "P_RECORD_LABELS", "P_RECORD_INPUTS", "P_BYTES",
  "PN_STATE", "PN_RATE", "PN_BYTES", "PD_STATE", "PD_KEEP", "PD_RATE", "PD_BYTES", "PW_STATE", "PW_BUCKET_MS",
  "PW_BYTES", "PM_STATE", "PM_FEATURES", "PM_WIDTH", "PM_OPS", "PM_OPS_AT", "PM_LEARNER", "PM_LEARNER_STATE",
  "PM_PRIOR", "PM_SETTINGS", "PM_BYTES", "PO_KIND", "PO_SLOT", "PO_WIDTH", "PO_SOURCE", "PO_NAME", "PO_BYTES",
  "OP_NUMBER", "OP_NUMBER_LOG", "OP_CATEGORY", "OP_AFFINITY", "OP_COUNT", "OP_RECENCY", "OP_HOUR",
  "LEARNER_SGD", "LEARNER_BAYES",
  "R_TIME", "R_WEIGHT", "R_VALUE", "R_NAME", "R_PART", "R_BYTES", "RL_LABEL", "RL_BYTES",
  "LABEL_NONE", "LABEL_NEGATIVE", "LABEL_POSITIVE",
  "S_EVENTS", "S_FIRST", "S_LAST", "S_LASTS",
  "N_COUNT", "N_SUM", "N_WEIGHT", "N_MEAN", "N_M2", "N_MIN", "N_MAX", "N_LAST", "N_HEIGHTS", "N_BYTES",
  "I_LANDMARK", "I_TOTAL", "I_USED", "I_KEYS", "W_BUCKETS", "B_STAMP", "B_EVENTS", "B_VALUE", "B_COUNTS",
  "M_EXAMPLES", "M_POSITIVES", "M_FAST", "M_SLOW", "M_STANDARD", "O_PROBABILITY", "O_SD", "O_CONTRIBUTIONS",
] as const;

/**
 * Reads the constants from an instance.
 * @throws when the kernel lacks one: it was built from other sources than the host.
 */
export function readLayout(exports: WebAssembly.Exports): Layout {
  const layout: Partial<Layout> = {};
  for (const name of NAMES) {
    const global = exports[name];
    if (!(global instanceof WebAssembly.Global)) throw new Error(`the kernel exports no ${name}: build it again`);
    layout[name] = Number(global.value);
  }
  return layout as Layout;
}

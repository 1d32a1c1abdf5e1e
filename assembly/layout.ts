// Where everything lives. Every constant is exported as a global of the module: the host reads them from the
// instance, so none is typed twice. Offsets are bytes; blocks are 16-byte aligned for SIMD.

// --- Regions of the memory. The module is scratch space: the host copies in, calls, copies out.

/** The compiled definition. */
export const PARAMS_BYTES: i32 = 16384;
/** The prior of each model. */
export const PRIOR_BYTES: i32 = 16384;
/** One profile's state. A definition's is kept far smaller; offline, a large network may fill it. */
export const STATE_BYTES: i32 = 65536;
/** Event records, or candidates to rank. */
export const RECORDS_BYTES: i32 = 524288;
/** What `rank`, `explore` and the log of examples answer. */
export const OUTPUT_BYTES: i32 = 557056;

export const PARAMS: usize = memory.data(16384, 16);
export const PRIOR: usize = memory.data(16384, 16);
export const STATE: usize = memory.data(65536, 16);
export const RECORDS: usize = memory.data(524288, 16);
export const OUTPUT: usize = memory.data(557056, 16);

/** Most features of a model, the bias and the padding included. */
export const MOST_FEATURES: i32 = 128;
/** A model's raw vector, f32, NaN where missing: what `step` and `guess` take. With as many others as are scored together. */
export const RAW: usize = memory.data(8192, 16);
export const MOST_ROWS: i32 = 16;

// --- Params: i32 each. The tables' `_AT` are offsets from PARAMS; those of records and states from their starts.

export const P_RECORD_BYTES: i32 = 0;
export const P_STATE_BYTES: i32 = 4;
export const P_NAMES: i32 = 8;
export const P_NUMBERS: i32 = 12;
export const P_NUMBERS_AT: i32 = 16;
export const P_DIMENSIONS: i32 = 20;
export const P_DIMENSIONS_AT: i32 = 24;
export const P_WINDOWS: i32 = 28;
export const P_WINDOWS_AT: i32 = 32;
export const P_MODELS: i32 = 36;
export const P_MODELS_AT: i32 = 40;
export const P_BUCKET_BYTES: i32 = 44;
export const P_RECORD_NUMBERS: i32 = 48;
export const P_RECORD_KEYS: i32 = 52;
export const P_RECORD_LABELS: i32 = 56;
export const P_RECORD_INPUTS: i32 = 60;
export const P_BYTES: i32 = 64;

/** A number: its state i32 · log scale i32 · its decay rate per ms f64 · its gate. */
export const PN_STATE: i32 = 0;
export const PN_LOG: i32 = 4;
export const PN_RATE: i32 = 8;
export const PN_GATE: i32 = 16;
/** Values in the ring of a Hampel gate. */
export const PN_RING: i32 = 20;
export const PN_THRESHOLD: i32 = 24;
export const PN_GATE_RATE: i32 = 32;
export const PN_REOPEN: i32 = 40;
export const PN_BYTES: i32 = 48;

export const GATE_NONE: i32 = 0;
export const GATE_ZSCORE: i32 = 1;
export const GATE_HAMPEL: i32 = 2;

/** A dimension: its state i32 · keys kept i32 · its decay rate per ms f64. */
export const PD_STATE: i32 = 0;
export const PD_KEEP: i32 = 4;
export const PD_RATE: i32 = 8;
export const PD_BYTES: i32 = 16;

/** A window: its state i32 · ms a bucket f64. */
export const PW_STATE: i32 = 0;
export const PW_BUCKET_MS: i32 = 8;
export const PW_BYTES: i32 = 16;

/** A model: i32 each, then f64. */
export const PM_STATE: i32 = 0;
/** Features with the bias. */
export const PM_FEATURES: i32 = 4;
/** The same rounded up to a multiple of 4. */
export const PM_WIDTH: i32 = 8;
export const PM_OPS: i32 = 12;
export const PM_OPS_AT: i32 = 16;
/** Offset of its learner from PARAMS. */
export const PM_LEARNER: i32 = 20;
/** Offset of its prior from PRIOR, -1 for none: weights, means, variances, `width` f32 each. */
export const PM_PRIOR: i32 = 24;
/** Most pending examples, 0 when labels come at once; and where they are in the state. */
export const PM_PENDING: i32 = 28;
export const PM_PENDING_STATE: i32 = 32;
/** Examples before drift may be found. */
export const PM_DRIFT_LEAST: i32 = 36;
/** How long an outcome may take, ms f64. */
export const PM_WITHIN: i32 = 40;
export const PM_DRIFT_DELTA: i32 = 48;
export const PM_DRIFT_THRESHOLD: i32 = 56;
export const PM_BYTES: i32 = 64;

/** A learner: i32 each, then its settings, f32 each. */
export const PL_KIND: i32 = 0;
/** Offset of its block in the state. */
export const PL_STATE: i32 = 4;
export const PL_FEATURES: i32 = 8;
export const PL_WIDTH: i32 = 12;
/** As PM_PRIOR. */
export const PL_PRIOR: i32 = 16;
/** Hidden units of a network, members of an ensemble. */
export const PL_SIZE: i32 = 20;
export const PL_SEED: i32 = 24;
/** Offset of an ensemble's members from PARAMS, one after the other. */
export const PL_MEMBERS: i32 = 28;
export const PL_SETTINGS: i32 = 32;
export const PL_BYTES: i32 = 64;

/** Most members of an ensemble, and most hidden units of a network. */
export const MOST_MEMBERS: i32 = 4;
export const MOST_HIDDEN: i32 = 32;

/** A step of the feature program: i32 each. */
export const PO_KIND: i32 = 0;
/** First feature that it writes. */
export const PO_SLOT: i32 = 4;
/** How many indicators. */
export const PO_WIDTH: i32 = 8;
/** Input, dimension or window, by kind. */
export const PO_SOURCE: i32 = 12;
/** Event name. */
export const PO_NAME: i32 = 16;
export const PO_BYTES: i32 = 32;

export const OP_NUMBER: i32 = 0;
export const OP_NUMBER_LOG: i32 = 1;
export const OP_CATEGORY: i32 = 2;
export const OP_AFFINITY: i32 = 3;
export const OP_COUNT: i32 = 4;
export const OP_RECENCY: i32 = 5;
export const OP_HOUR: i32 = 6;

export const LEARNER_SGD: i32 = 0;
export const LEARNER_ADAMW: i32 = 1;
export const LEARNER_FTRL: i32 = 2;
export const LEARNER_COIN: i32 = 3;
export const LEARNER_BAYES: i32 = 4;
export const LEARNER_MLP: i32 = 5;
export const LEARNER_ENSEMBLE: i32 = 6;

// --- A record.

export const R_TIME: i32 = 0;
/** Interest weight of the event's name. */
export const R_WEIGHT: i32 = 8;
/** What the windows sum; 0 when missing. */
export const R_VALUE: i32 = 16;
/** Index of the name, -1 for the others. */
export const R_NAME: i32 = 24;
/** 1 for an item of an event whose own record came before. */
export const R_PART: i32 = 28;
/** Then: numbers f64 (NaN missing), keys f64 (0 missing), labels, inputs (f32, NaN missing; or a hash u32, 0 missing). */
export const R_BYTES: i32 = 32;

/** What a record is to a model: a set of flags i32 · propensity f32, 0 for none · the key that example and outcome share f64, 0 for none. */
export const RL_ROLE: i32 = 0;
export const RL_PROPENSITY: i32 = 4;
export const RL_KEY: i32 = 8;
export const RL_BYTES: i32 = 16;

export const ROLE_NEGATIVE: i32 = 1;
export const ROLE_POSITIVE: i32 = 2;
/** Opens a pending example. */
export const ROLE_OPENS: i32 = 4;
/** Ends pending examples of its key, or all when the key is 0. */
export const ROLE_OUTCOME: i32 = 8;

// --- A state.

export const S_EVENTS: i32 = 0;
export const S_FIRST: i32 = 8;
export const S_LAST: i32 = 16;
/** The time of each name's last event, f64, -1 for never; then the parts where the params say. */
export const S_LASTS: i32 = 32;

/** A number, f64 each. */
export const N_COUNT: i32 = 0;
export const N_SUM: i32 = 8;
/** Decayed count. */
export const N_WEIGHT: i32 = 16;
export const N_MEAN: i32 = 24;
/** Decayed sum of squared deviations. */
export const N_M2: i32 = 32;
export const N_MIN: i32 = 40;
export const N_MAX: i32 = 48;
export const N_LAST: i32 = 56;
export const N_TIME: i32 = 64;
/** The five marker heights and positions of the median. */
export const N_HEIGHTS: i32 = 72;
export const N_POSITIONS: i32 = 112;
/** How often a value was clipped i32 · the row of outliers at this moment i32, negative when they are low. */
export const N_CLIPPED: i32 = 152;
export const N_ROW: i32 = 156;
/** Then the gate: n, mean and variance f64; or values held i32, next place i32, the ring f64 each. */
export const N_GATE: i32 = 160;
export const G_COUNT: i32 = 0;
export const G_MEAN: i32 = 8;
export const G_VARIANCE: i32 = 16;
export const G_ZSCORE_BYTES: i32 = 32;
export const G_HELD: i32 = 0;
export const G_NEXT: i32 = 4;
export const G_RING: i32 = 16;

/** A dimension: landmark f64 · total f64 · slots used i32 · then keys and weights, `keep` f64 each, and errors, `keep` f32. */
export const I_LANDMARK: i32 = 0;
export const I_TOTAL: i32 = 8;
export const I_USED: i32 = 16;
export const I_KEYS: i32 = 32;

/** Buckets a window. */
export const W_BUCKETS: i32 = 12;
/** A bucket: its index + 1, u32 (0 empty) · all events u32 · value f64 · count per name u16. */
export const B_STAMP: i32 = 0;
export const B_EVENTS: i32 = 4;
export const B_VALUE: i32 = 8;
export const B_COUNTS: i32 = 16;

/** A model, 4 bytes each; its quality; the standardiser's n, mean and variance, `width` f32 each. */
export const M_EXAMPLES: i32 = 0;
export const M_POSITIVES: i32 = 4;
export const M_LAST: i32 = 8;
export const M_FAST: i32 = 12;
export const M_SLOW: i32 = 16;
/** Pending examples now, i32; and how many were not taken. */
export const M_PENDING: i32 = 20;
export const M_SKIPPED: i32 = 24;
export const M_QUALITY: i32 = 32;
export const M_STANDARD: i32 = 288;

/** Quality: f64 each, then f32. */
export const Q_LOSS: i32 = 0;
export const Q_BASE_LOSS: i32 = 8;
export const Q_PRIOR_LOSS: i32 = 16;
export const Q_SLOPE: i32 = 24;
export const Q_INTERCEPT: i32 = 32;
/** Covariance of the two: slope, both, intercept. */
export const Q_COVARIANCE: i32 = 40;
export const Q_DRIFT_MEAN: i32 = 64;
export const Q_DRIFT_SUM: i32 = 72;
export const Q_DRIFT_LEAST: i32 = 80;
export const Q_DRIFT_AT: i32 = 88;
export const Q_INVERSE: i32 = 96;
export const Q_INVERSE_POSITIVE: i32 = 104;
export const Q_DRIFT_COUNT: i32 = 112;
export const Q_DETECTIONS: i32 = 116;
export const Q_CORRECT: i32 = 120;
/** Ten bins: count, positives, sum of p. */
export const Q_BINS: i32 = 128;
export const Q_BIN_BYTES: i32 = 12;

/** A pending example: runs out at f64 · key f64 · p f64 · propensity f32 · then its raw vector. */
export const E_UNTIL: i32 = 0;
export const E_KEY: i32 = 8;
export const E_PROBABILITY: i32 = 16;
export const E_PROPENSITY: i32 = 24;
export const E_RAW: i32 = 32;

// --- Answers.

/** Of `rank`: probability f32 · standard deviation f32 · then the contributions, `width` f32, when asked for. */
export const O_PROBABILITY: i32 = 0;
export const O_SD: i32 = 4;
export const O_CONTRIBUTIONS: i32 = 8;

/** Of `explore`, f32 each: probability · standard deviation · the score that orders · propensity · and what it keeps to itself. */
export const X_PROBABILITY: i32 = 0;
export const X_SD: i32 = 4;
export const X_SCORE: i32 = 8;
export const X_PROPENSITY: i32 = 12;
export const X_MEMBERS: i32 = 16;
export const X_VECTOR: i32 = 32;

export const EXPLORE_THOMPSON: i32 = 1;
export const EXPLORE_UCB: i32 = 2;

/** Of the log: model i32 · label f32 · time f64 · progressive p f64 · pad · then the raw vector. */
export const L_MODEL: i32 = 0;
export const L_LABEL: i32 = 4;
export const L_TIME: i32 = 8;
export const L_PROBABILITY: i32 = 16;
export const L_RAW: i32 = 32;

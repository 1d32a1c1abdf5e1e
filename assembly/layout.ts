// Where everything lives. Every constant is exported as a global of the module: the host reads them from the
// instance, so none is typed twice. Offsets are bytes; blocks are 16-byte aligned for SIMD.

// --- Regions of the memory. The module is scratch space: the host copies in, calls, copies out.

/** The compiled definition. */
export const PARAMS_BYTES: i32 = 16384;
/** The prior of each model. */
export const PRIOR_BYTES: i32 = 16384;
/** One profile's state. */
export const STATE_BYTES: i32 = 16384;
/** Event records, or candidates to rank. */
export const RECORDS_BYTES: i32 = 524288;
/** What `rank` answers. */
export const OUTPUT_BYTES: i32 = 327680;

export const PARAMS: usize = memory.data(16384, 16);
export const PRIOR: usize = memory.data(16384, 16);
export const STATE: usize = memory.data(16384, 16);
export const RECORDS: usize = memory.data(524288, 16);
export const OUTPUT: usize = memory.data(327680, 16);

/** Most features of a model, the bias included and padding not. A multiple of 4. */
export const MOST_FEATURES: i32 = 64;

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

/** A number: its state i32 · its decay rate per ms f64. */
export const PN_STATE: i32 = 0;
export const PN_RATE: i32 = 8;
export const PN_BYTES: i32 = 16;

/** A dimension: its state i32 · keys kept i32 · its decay rate per ms f64. */
export const PD_STATE: i32 = 0;
export const PD_KEEP: i32 = 4;
export const PD_RATE: i32 = 8;
export const PD_BYTES: i32 = 16;

/** A window: its state i32 · ms a bucket f64. */
export const PW_STATE: i32 = 0;
export const PW_BUCKET_MS: i32 = 8;
export const PW_BYTES: i32 = 16;

/** A model: i32 each, then the learner's settings, f32 each. */
export const PM_STATE: i32 = 0;
/** Features with the bias. */
export const PM_FEATURES: i32 = 4;
/** The same rounded up to a multiple of 4. */
export const PM_WIDTH: i32 = 8;
export const PM_OPS: i32 = 12;
export const PM_OPS_AT: i32 = 16;
export const PM_LEARNER: i32 = 20;
/** Offset of the learner's block in the state. */
export const PM_LEARNER_STATE: i32 = 24;
/** Offset of the model's prior from PRIOR. */
export const PM_PRIOR: i32 = 28;
export const PM_SETTINGS: i32 = 32;
export const PM_BYTES: i32 = 96;

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
export const LEARNER_BAYES: i32 = 1;

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

/** A model's label in a record: i32. */
export const RL_LABEL: i32 = 0;
export const RL_BYTES: i32 = 4;

export const LABEL_NONE: i32 = 0;
export const LABEL_NEGATIVE: i32 = 1;
export const LABEL_POSITIVE: i32 = 2;

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
export const N_BYTES: i32 = 160;

/** A dimension: landmark f64 · total f64 · slots used i32 · then keys, weights and errors, `keep` f64 each. */
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

/** A model, f32 each, then the standardiser's n, mean and variance, `width` f32 each. */
export const M_EXAMPLES: i32 = 0;
export const M_POSITIVES: i32 = 4;
export const M_LAST: i32 = 8;
export const M_FAST: i32 = 12;
export const M_SLOW: i32 = 16;
export const M_STANDARD: i32 = 32;

/** A candidate's answer: probability f32 · standard deviation f32 · then the contributions, `width` f32, when asked for. */
export const O_PROBABILITY: i32 = 0;
export const O_SD: i32 = 4;
export const O_CONTRIBUTIONS: i32 = 8;

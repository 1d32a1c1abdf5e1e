/**
 * What a request may hold. Sizes are in bytes of UTF-8, lengths in UTF-16 units, as `String.length` counts.
 */

/** A body, after decompression. */
export const BODY_BYTES = 2 * 1024 * 1024;
export const EVENTS_PER_REQUEST = 2_500;
/** A body of the Segment routes, after decompression: as large as Segment's clients make them. */
export const SEGMENT_BODY_BYTES = 500 * 1024;
/** Each user is a call to another object. */
export const USERS_PER_REQUEST = 500;

/** The JSON of one event, as sent. */
export const EVENT_BYTES = 32 * 1024;
/** Objects and arrays within each other, the event itself included. */
export const EVENT_DEPTH = 32;
/** Nesting of a whole body: an event in an array, and one more so that the event just too deep is named. */
export const BODY_DEPTH = EVENT_DEPTH + 2;
/** Keys of an event, at all levels together. */
export const EVENT_KEYS = 300;

export const ID_LENGTH = 100;
export const NAME_LENGTH = 128;
export const USER_LENGTH = 256;
/** Each trait keeps the source it came from. */
export const SOURCE_LENGTH = 256;

/** The largest finite number of the kernel's arithmetic (IEEE 754 binary32). */
export const NUMBER_MAX = 3.4028234663852886e38;

/** How far the clock of a client may be ahead of ours. */
export const FUTURE_MS = 3_600_000;

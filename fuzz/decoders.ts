import { Random } from "../src/cli/random.ts";
import { ecommerce } from "../src/definition/ecommerce.ts";
import { parseDefinition } from "../src/definition/schema.ts";
import { bindHeaders } from "../src/events/cloudevent-headers.ts";
import { decodeCloudEvent, decodeCloudEventBatch } from "../src/events/cloudevents.ts";
import type { Decoded } from "../src/events/decoded.ts";
import type { Event } from "../src/events/event.ts";
import { ID_LENGTH, NAME_LENGTH } from "../src/events/limits.ts";
import { decodeNative } from "../src/events/native.ts";
import { decodeNdjson } from "../src/events/ndjson.ts";
import { decodeSegment } from "../src/events/segment.ts";
import { CALLS } from "../src/events/segment-call.ts";
import { isProfileId } from "../src/events/validate.ts";
import { compile } from "../src/kernel/compile.ts";
import { Kernel } from "../src/kernel/instance.ts";
import { loadKernel } from "../src/kernel/node.ts";
import { describe } from "../src/profile/describe.ts";
import { foldEvents } from "../src/profile/fold.ts";
import { packLines, unpackLines } from "../src/profile/lines.ts";
import { freshState, type State } from "../src/profile/state.ts";
import { BODIES, type Form } from "./bodies.ts";

/** When the bodies are received, ms. */
const NOW = Date.UTC(2026, 10, 25, 12);
/** No body may take longer, ms. */
const LONGEST_MS = 1_000;

const HEADERS = [
  ["ce-specversion", "1.0"],
  ["ce-id", "e-1"],
  ["ce-source", "/shop"],
  ["ce-type", "Product Viewed"],
  ["ce-subject", "ann"],
] as const;

export type FuzzedDecoder = [name: string, form: Form, decode: (text: string) => Decoded];

/** All that turns the text of a body into events, each with the form of body that it is for. */
export const DECODERS: readonly [FuzzedDecoder, ...FuzzedDecoder[]] = [
  ["native", "native", (text) => decodeNative(text, NOW)],
  ["NDJSON", "ndjson", (text) => decodeNdjson(text, NOW)],
  ["CloudEvent", "cloudEvent", (text) => decodeCloudEvent(text, NOW)],
  ["CloudEvents", "cloudEventBatch", (text) => decodeCloudEventBatch(text, NOW)],
  ["CloudEvent by headers", "native", decodeBound],
  ["Segment batch", "segmentBatch", (text) => decodeSegment(text, NOW)],
  ...CALLS.map(
    (call): FuzzedDecoder => [`Segment ${call}`, "segmentCall", (text) => decodeSegment(text, NOW, call)],
  ),
];

function decodeBound(text: string): Decoded {
  const bound = bindHeaders(HEADERS, text);
  return bound.ok ? decodeCloudEvent(bound.text, NOW) : bound;
}

/** What a run over decoders came to. */
export interface DecoderRun {
  bodies: number;
  /** Items that became events, and those that were rejected. */
  accepted: number;
  rejected: number;
  /** Bodies that were refused whole. */
  refused: number;
  slowestMs: number;
  findings: string[];
}

/**
 * Hands hostile bodies to the decoders. None may throw or take long; each item is decided once, in order; and what is
 * accepted is within the limits, is the same after it was stored, and folds into a profile of numbers.
 */
export function fuzzDecoders(bodies: number, seed: number, decoders = DECODERS): DecoderRun {
  const random = new Random(seed);
  const profile = new FuzzedProfile();
  const run: DecoderRun = { bodies, accepted: 0, rejected: 0, refused: 0, slowestMs: 0, findings: [] };
  for (let i = 0; i < bodies; i++) {
    const [name, form, decode] = random.pick(decoders);
    const text = BODIES[form](random);
    const find = (what: string) =>
      run.findings.push(`${name}, body ${i} of seed ${seed}: ${what}: ${text.slice(0, 500)}`);
    const began = performance.now();
    try {
      const decoded = decode(text);
      if (decoded.ok) {
        decoded.items.forEach((item, index) => {
          if (item.ok) {
            run.accepted++;
            const fault = faultOf(item.event) ?? profile.take(item.event);
            if (fault !== undefined) find(fault);
          } else {
            run.rejected++;
            if (item.rejection.index !== index) find(`item ${index} is rejected as ${item.rejection.index}`);
            if (!item.rejection.detail.endsWith(".")) find("a rejection has no sentence");
          }
        });
      } else run.refused++;
    } catch (error) {
      find(String(error));
    }
    const took = performance.now() - began;
    run.slowestMs = Math.max(run.slowestMs, took);
    if (took > LONGEST_MS) find(`it took ${Math.round(took)} ms`);
  }
  return run;
}

/** What is wrong with an event that was accepted. */
function faultOf(event: Event): string | undefined {
  const { id, user, name, time } = event;
  if (id.length < 1 || id.length > ID_LENGTH) return "its id is too long";
  if (!isProfileId(user)) return "its user cannot be one";
  if (name.length < 1 || name.length > NAME_LENGTH) return "its name is too long";
  if (!Number.isSafeInteger(time) || time <= 0) return `its time is ${time}`;
  const [again] = unpackLines(user, packLines([event]));
  return JSON.stringify(again) === JSON.stringify(inOrder(event))
    ? undefined
    : "it is another one when it was stored";
}

/** An event with its members in the order in which they are stored. */
function inOrder({ id, name, time, receivedAt, properties, traits, source, user }: Event) {
  return { id, name, time, receivedAt, properties, traits, source, user };
}

/** A profile that takes in all that is accepted; it starts anew now and then. */
class FuzzedProfile {
  readonly #kernel = new Kernel(loadKernel());
  readonly #compiled = compile(parseDefinition(ecommerce), this.#kernel);
  #state: State = freshState(this.#kernel, this.#compiled);
  #count = 0;

  take(event: Event): string | undefined {
    if (this.#count++ % 200 === 0) this.#state = freshState(this.#kernel, this.#compiled);
    this.#state = foldEvents(this.#kernel, this.#compiled, this.#state, [event]);
    const engine = { kernel: this.#kernel, compiled: this.#compiled };
    const profile = describe(engine, "ann", 1, this.#state, NOW);
    return findNotFinite(profile);
  }
}

/** Where a profile holds a number that is none. */
function findNotFinite(value: unknown, at = ""): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${at} is ${value}`;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const found = findNotFinite(member, `${at}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

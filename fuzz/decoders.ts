import { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { ecommerce } from "../src/definition/ecommerce.ts";
import { parseDefinition } from "../src/definition/schema.ts";
import { compareEvents, type Event } from "../src/events/event.ts";
import { inspect } from "../src/events/inspect.ts";
import { BODY_BYTES, FUTURE_MS, ID_LENGTH, NAME_LENGTH, SOURCE_LENGTH } from "../src/events/limits.ts";
import { isProfileId, type Validated } from "../src/events/validate.ts";
import { type Format, formatNamed } from "../src/http/formats.ts";
import { compile } from "../src/kernel/compile.ts";
import { decode } from "../src/kernel/decode.ts";
import { Kernel } from "../src/kernel/instance.ts";
import { loadKernel } from "../src/kernel/node.ts";
import { foldEvents } from "../src/profile/fold.ts";
import { packEvents, unpackEvents } from "../src/profile/lines.ts";
import { freshState, packState, unpackState } from "../src/profile/state.ts";
import { type Body, NOW, SUBJECTS, type Subject } from "./bodies.ts";

/** What a run came to. */
export interface DecoderRun {
  bodies: number;
  /** Bodies that were refused whole. */
  refused: number;
  items: number;
  accepted: number;
  slowest: { ms: number; name: string };
  /** How much more the heap holds at the end than after the first tenth; undefined without `--expose-gc`. */
  grownBytes: number | undefined;
}

/** No body may take longer to decode. */
const MOST_MS = 1000;
/** Of each body more than this is not decoded once more alone: the work would be the square of it. */
const ALONE = 20;
const CHUNK = 500;

/**
 * Sends bodies through every decoder and what they accept through the journal's text and the kernel.
 * @throws Error with the smallest body found for which something does not hold, and the seed that leads to it
 */
export function fuzzDecoders(
  runs: number,
  seed: number,
  progress: (done: number) => void = () => {},
): DecoderRun {
  const run: DecoderRun = {
    bodies: 0,
    refused: 0,
    items: 0,
    accepted: 0,
    slowest: { ms: 0, name: "" },
    grownBytes: undefined,
  };
  const sample = fc.oneof(...SUBJECTS.map(({ name, bodies }) => bodies.map((body) => ({ name, ...body }))));
  const property = fc.property(sample, ({ name, ...body }) => {
    const subject = SUBJECTS.find((one) => one.name === name);
    if (subject === undefined) throw new Error(`there is no decoder ${name}`);
    check(subject, body, run);
  });
  let heapBefore: number | undefined;
  for (let done = 0; done < runs; done += CHUNK) {
    const details = fc.check(property, { numRuns: Math.min(CHUNK, runs - done), seed: seed + done / CHUNK });
    if (details.failed)
      throw new Error(`${details.errorInstance}\n${fc.defaultReportMessage(details)}`.slice(0, 8000));
    if (heapBefore === undefined && done >= runs / 10) heapBefore = heapBytes();
    progress(done);
  }
  const heapAfter = heapBytes();
  if (heapBefore !== undefined && heapAfter !== undefined) run.grownBytes = heapAfter - heapBefore;
  return run;
}

function heapBytes(): number | undefined {
  if (typeof globalThis.gc !== "function") return undefined;
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** @throws Error that says what does not hold for a body */
export function check(subject: Subject, body: Body, run: DecoderRun): void {
  const format = subject.formatOf(body);
  if (format === undefined) throw new Error("no decoder takes the body");
  run.bodies++;
  if (Buffer.byteLength(body.text) > BODY_BYTES) {
    // No decoder ever sees it: `body.ts` reads no further.
    run.refused++;
    return;
  }
  const before = performance.now();
  const decoded = format.decode(body.text, NOW);
  const ms = performance.now() - before;
  if (ms > run.slowest.ms) run.slowest = { ms, name: subject.name };
  need(ms <= MOST_MS, `it takes less than ${MOST_MS} ms, not ${ms.toFixed(0)}`);
  if (!decoded.ok) {
    run.refused++;
    need(
      /^[a-z-]+$/.test(decoded.code) && decoded.detail.endsWith("."),
      "a refusal has a code and a sentence",
    );
    return;
  }
  const { items } = decoded;
  run.items += items.length;
  need(items.length === subject.itemsIn(body.text), `the body has ${subject.itemsIn(body.text)} items`);
  items.forEach(checkItem);
  checkAlone(format, body.text, items);
  const events = items.flatMap((item) => (item.ok ? [item.event] : []));
  run.accepted += events.length;
  checkJournal(events);
  if (events.length > 0) checkFold(events);
}

function checkItem(item: Validated, index: number): void {
  if (item.ok) {
    const { id, user, name, time, receivedAt, source, origin, ...values } = item.event;
    need(id.length >= 1 && id.length <= ID_LENGTH, "the id is within its limit");
    need(isProfileId(user) && (item.alias === undefined || isProfileId(item.alias)), "the user can be one");
    need(name.length >= 1 && name.length <= NAME_LENGTH, "the name is within its limit");
    need(Number.isSafeInteger(time) && time > 0 && time <= NOW + FUTURE_MS, "the time is within its limits");
    need(receivedAt === NOW && origin === undefined, "it is received now, as nobody else's");
    need((source?.length ?? 0) <= SOURCE_LENGTH, "the source is within its limit");
    for (const part of [id, user, name, source ?? ""]) need(part.isWellFormed(), "its texts are Unicode");
    for (const part of Object.values(values))
      need(inspect(part) === undefined, "its values are within their limits");
    return;
  }
  const { rejection } = item;
  need(rejection.index === index, "rejections are in the order of the items");
  need(
    /^[a-z0-9-]+$/.test(rejection.code) && /\.$/.test(rejection.detail),
    "a rejection has a code and a sentence",
  );
  need(rejection.pointer === "" || rejection.pointer.startsWith("/"), "its pointer is one");
  need(rejection.id === undefined || rejection.id.isWellFormed(), "its id is Unicode");
}

/** An item that is kept as a failure is decided alone, when it is tried again, as it was among the others. */
function checkAlone(format: Format, text: string, items: readonly Validated[]): void {
  if (items.length > ALONE) return;
  const texts = format.textsOf(
    text,
    items.map((_, i) => i),
  );
  const kept = formatNamed(format.name);
  if (kept === undefined) throw new Error(`no format is named ${format.name}`);
  items.forEach((item, i) => {
    const alone = kept.decode(kept.bodyOf(texts[i] ?? ""), NOW);
    need(alone.ok && alone.items.length === 1, `item ${i} alone is one item`);
    const [found] = alone.ok ? alone.items : [];
    const same =
      found?.ok === true
        ? item.ok && isDeepStrictEqual(found.event, item.event)
        : !item.ok && found?.rejection.code === item.rejection.code;
    need(same, `item ${i} alone is decided as among the others`);
  });
}

function checkJournal(events: readonly Event[]): void {
  for (const [user, own] of Map.groupBy(events, (event) => event.user)) {
    need(
      isDeepStrictEqual(unpackEvents(user, packEvents(own)), own),
      "events are as they were after the journal",
    );
  }
}

const kernel = new Kernel(loadKernel());
const compiled = compile(parseDefinition(ecommerce), kernel);
const fresh = freshState(kernel, compiled);

function checkFold(events: readonly Event[]): void {
  const ordered = events.toSorted(compareEvents);
  const state = foldEvents(kernel, compiled, fresh, ordered);
  const packed = unpackState("f", packState("f", state));
  need(isDeepStrictEqual(packed, state), "the state is as it was after storage");
  const trait = (name: string) => state.traits.get(name)?.value;
  const view = decode(kernel, compiled, state.kernel, state.labels, trait, NOW + FUTURE_MS);
  need(view.events === events.length, "each event counts once");
  needFinite(view, "");
}

function needFinite(value: unknown, path: string): void {
  if (typeof value === "number") need(Number.isFinite(value), `${path} is a number, not ${value}`);
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) needFinite(member, `${path}/${key}`);
}

function need(holds: boolean, what: string): void {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}

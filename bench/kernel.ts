import { readFileSync, statSync } from "node:fs";
import { simulateShop } from "../src/cli/shop.ts";
import { ecommerce } from "../src/definition/ecommerce.ts";
import { parseDefinition } from "../src/definition/schema.ts";
import type { Event } from "../src/events/event.ts";
import { compile } from "../src/kernel/compile.ts";
import { encodeEvent } from "../src/kernel/encode.ts";
import { compileKernel, Kernel } from "../src/kernel/instance.ts";
import { foldEvents } from "../src/profile/fold.ts";
import { freshState } from "../src/profile/state.ts";
import { ReferenceFold } from "../test/reference/fold.ts";
import { type Result, rates } from "./measure.ts";

const WASM = new URL("../build/kernel.wasm", import.meta.url);

/** The kernel against the plain TypeScript fold of the same events, in the default definition. */
export function benchKernel(): Result[] {
  const definition = parseDefinition(ecommerce);
  const kernel = new Kernel(compileKernel(readFileSync(WASM)));
  const compiled = compile(definition, kernel);
  const capacity = kernel.capacity(compiled);
  const events = shopEvents().slice(0, Math.floor(capacity / 2));
  const none = () => undefined;

  // The records stay in the kernel's memory: what is timed is the fold itself, and the copy of the state.
  const fresh = freshState(kernel, compiled);
  let records = 0;
  for (const event of events) records += encodeEvent(kernel, compiled, event, none, records, new Map());
  const encoded = kernel.bytes.slice(
    kernel.layout.RECORDS,
    kernel.layout.RECORDS + records * compiled.recordBytes,
  );

  const rate = rates({
    kernel: {
      units: events.length,
      run: () => {
        kernel.bytes.set(encoded, kernel.layout.RECORDS);
        kernel.fold(compiled, fresh.kernel, records);
      },
    },
    host: { units: events.length, run: () => foldEvents(kernel, compiled, fresh, events) },
    reference: { units: events.length, run: () => new ReferenceFold(definition).fold(events) },
  });
  const { kernel: folded = 0, host = 0, reference = 0 } = rate;
  return [
    { name: "fold, kernel alone (records encoded)", value: folded, unit: "events/s" },
    { name: "fold, from events (encoding included)", value: host, unit: "events/s" },
    { name: "fold, plain TypeScript, from events", value: reference, unit: "events/s" },
    { name: "kernel alone / plain TypeScript", value: folded / reference, unit: "x" },
    { name: "from events / plain TypeScript", value: host / reference, unit: "x" },
    { name: "state, default definition", value: compiled.stateBytes, unit: "bytes" },
    { name: "kernel", value: statSync(WASM).size, unit: "bytes" },
  ];
}

/** A shop's week as if one user had done it all: every part of the fold has work. */
function shopEvents(): Event[] {
  const { events } = simulateShop({ seed: 1, end: Date.UTC(2026, 0, 8) });
  return events.map(({ id, event, timestamp, properties, traits }) => ({
    id,
    user: "bench",
    name: event,
    time: Date.parse(timestamp),
    receivedAt: Date.parse(timestamp),
    properties,
    ...(traits === undefined ? {} : { traits }),
  }));
}

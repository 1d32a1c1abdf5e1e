import { statSync } from "node:fs";
import { simulateShop } from "../src/cli/shop.ts";
import { ecommerce } from "../src/definition/ecommerce.ts";
import { type Definition, parseDefinition } from "../src/definition/schema.ts";
import type { Event } from "../src/events/event.ts";
import { type Compiled, compile } from "../src/kernel/compile.ts";
import { encodeCandidate, encodeEvent } from "../src/kernel/encode.ts";
import { Kernel } from "../src/kernel/instance.ts";
import { loadKernel } from "../src/kernel/node.ts";
import { OfflineModel } from "../src/kernel/offline.ts";
import { foldEvents } from "../src/profile/fold.ts";
import { freshState } from "../src/profile/state.ts";
import { ReferenceFold } from "../test/reference/fold.ts";
import { type Result, rates } from "./measure.ts";
import { benchNative } from "./native.ts";
import { benchTfjs } from "./tfjs.ts";

const WASM = new URL("../build/kernel.wasm", import.meta.url);
const none = () => undefined;

/** The kernel against plain TypeScript, native C and tfjs. */
export async function benchKernel(): Promise<Result[]> {
  return [...(await benchFold()), ...benchRank(), ...(await benchNetwork()), ...benchLearners()];
}

/** Two years of a user in the default definition. */
async function benchFold(): Promise<Result[]> {
  const definition = parseDefinition(ecommerce);
  const kernel = new Kernel(loadKernel());
  const compiled = compile(definition, kernel);
  const { layout } = kernel;
  const fresh = freshState(kernel, compiled);
  const events = shopEvents().slice(0, Math.floor(kernel.capacity(compiled) / 2));
  // The records stay in the kernel's memory: what is timed is the fold itself, and the copy of the state.
  let count = 0;
  for (const event of events) count += encodeEvent(kernel, compiled, event, none, count, new Map());
  const records = kernel.bytes.slice(layout.RECORDS, layout.RECORDS + count * compiled.recordBytes);
  const foldRecords = () => {
    kernel.bytes.set(records, layout.RECORDS);
    return kernel.fold(compiled, fresh.kernel, count);
  };
  const rate = rates({
    kernel: { units: events.length, run: foldRecords },
    host: { units: events.length, run: () => foldEvents(kernel, compiled, fresh, events) },
    reference: { units: events.length, run: () => new ReferenceFold(definition).fold(events) },
  });
  const { kernel: folded = 0, host = 0, reference = 0 } = rate;
  const native = await benchNative({
    params: compiled.params,
    prior: compiled.prior,
    fresh: fresh.kernel,
    records,
    count,
    events: events.length,
    layout,
    kernelState: foldRecords(),
  });
  return [
    { name: "fold, kernel alone (records encoded)", value: folded, unit: "events/s" },
    { name: "fold, from events (encoding included)", value: host, unit: "events/s" },
    { name: "fold, plain TypeScript, from events", value: reference, unit: "events/s" },
    { name: "kernel alone / plain TypeScript", value: folded / reference, unit: "x" },
    { name: "from events / plain TypeScript", value: host / reference, unit: "x" },
    ...(native === undefined
      ? []
      : [
          { name: "fold, native C (records encoded)", value: native, unit: "events/s" },
          { name: "time of the kernel / native C", value: native / folded, unit: "x" },
        ]),
    { name: "state, default definition", value: compiled.stateBytes, unit: "bytes" },
    { name: "kernel", value: statSync(WASM).size, unit: "bytes" },
  ];
}

/** 1,000 candidates by a model of 32 features of every kind, for a user with two years behind them. */
function benchRank(): Result[] {
  const views = ["Product Viewed", "Product Clicked", "Product Added"];
  const definition = parseDefinition({
    ...ecommerce,
    models: {
      m: {
        target: { examples: [...views, "Order Completed"], positive: ["Order Completed"] },
        features: [
          ...["price", "rating", "quantity", "position", "discount"].map((path) => ({
            kind: "number",
            path,
          })),
          { kind: "number", path: "price", scale: "log" },
          { kind: "category", path: "category", width: 8 },
          { kind: "category", path: "brand", width: 4 },
          ...["category", "brand", "product_id"].map((dimension) => ({ kind: "affinity", dimension })),
          ...views.map((event) => ({ kind: "count", window: "24h", event })),
          ...views.map((event) => ({ kind: "recency", event })),
          { kind: "count", window: "7d", event: "Order Completed" },
          { kind: "recency", event: "Order Completed" },
          { kind: "hour" },
        ],
      },
    },
  });
  const kernel = new Kernel(loadKernel());
  const compiled = compile(definition, kernel);
  const events = shopEvents();
  const { kernel: state } = foldEvents(kernel, compiled, freshState(kernel, compiled), events);
  const at = events.at(-1)?.time ?? 0;
  const seen = events.filter(({ name }) => name === "Product Viewed");
  for (let i = 0; i < 1000; i++) {
    encodeCandidate(kernel, compiled, seen[i % seen.length]?.properties ?? {}, at, none, i);
  }
  return [
    {
      name: "rank 1,000 candidates x 32 features, mixed",
      value: rankTime(kernel, compiled, state),
      unit: "µs",
    },
    { name: "rank 1,000 candidates x 32 features, numbers", value: rankNumbers(), unit: "µs" },
  ];
}

/** The same with numbers alone: no logarithms, no look-ups of keys. */
function rankNumbers(): number {
  const kernel = new Kernel(loadKernel());
  const compiled = compile(numbersDefinition(31, { kind: "bayes" }), kernel);
  const properties = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`x${i}`, i * 0.37]));
  for (let i = 0; i < 1000; i++) encodeCandidate(kernel, compiled, properties, Date.UTC(2026, 0, 1), none, i);
  return rankTime(kernel, compiled, kernel.fresh(compiled));
}

function rankTime(kernel: Kernel, compiled: Compiled, state: Uint8Array): number {
  const { rank = 0 } = rates({ rank: { units: 1, run: () => kernel.rank(compiled, state, 1000, 0, false) } });
  return 1e6 / rank;
}

/** The 3-10-1 network, trained one example at a time. */
async function benchNetwork(): Promise<Result[]> {
  const rate = learnerRate(3, { kind: "mlp", hidden: 10, decay: 0 });
  const tfjs = await benchTfjs();
  return [
    { name: "train a 3-10-1 network, kernel", value: rate, unit: "examples/s" },
    ...(tfjs === undefined
      ? []
      : [
          { name: "train a 3-10-1 network, tfjs cpu", value: tfjs.cpu, unit: "examples/s" },
          { name: "train a 3-10-1 network, tfjs wasm", value: tfjs.wasm, unit: "examples/s" },
          { name: "kernel / tfjs, the faster", value: rate / Math.max(tfjs.cpu, tfjs.wasm), unit: "x" },
        ]),
  ];
}

/** One example: predicted, judged, learned. */
function benchLearners(): Result[] {
  const learners = ["sgd", "adamw", "ftrl", "coin", "bayes"].flatMap((kind) =>
    [31, 63].map((n) => ({ kind, n })),
  );
  return learners.map(({ kind, n }) => ({
    name: `${kind}, ${n + 1} features`,
    value: learnerRate(n, { kind }),
    unit: "examples/s",
  }));
}

function learnerRate(features: number, learner: object): number {
  const model = new OfflineModel(loadKernel(), numbersDefinition(features, learner), "m");
  const examples = Array.from({ length: 1000 }, (_, i) => ({
    x: Float32Array.from({ length: model.width }, (_, j) =>
      j > features ? Number.NaN : ((i * 31 + j * 17) % 101) / 50 - 1,
    ),
    y: ((i * i) % 7 < 3 ? 1 : 0) as 0 | 1,
  }));
  const run = () => {
    for (const { x, y } of examples) model.learn(x, y);
  };
  return rates({ learn: { units: examples.length, run } }, 5).learn ?? Number.NaN;
}

function numbersDefinition(features: number, learner: object): Definition {
  return parseDefinition({
    name: "bench",
    events: {},
    models: {
      m: {
        target: { examples: ["e"], positive: ["e"] },
        features: Array.from({ length: features }, (_, i) => ({ kind: "number", path: `x${i}` })),
        learner,
      },
    },
  });
}

/** A shop's week stretched to two years of one user, so that every part of the fold has its ordinary share of work. */
function shopEvents(): Event[] {
  const { events } = simulateShop({ seed: 1, end: Date.UTC(2026, 0, 8) });
  const start = Date.parse(events[0]?.timestamp ?? "");
  return events.map(({ id, event, timestamp, properties, traits }) => {
    const time = start + 100 * (Date.parse(timestamp) - start);
    return {
      id,
      user: "bench",
      name: event,
      time,
      receivedAt: time,
      properties,
      ...(traits === undefined ? {} : { traits }),
    };
  });
}

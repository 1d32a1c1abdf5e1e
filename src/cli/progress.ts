import bars from "cli-progress";
import type { Progress } from "../data/progress.ts";
import { count } from "./draw.ts";

const LINE_EVERY_MS = 3000;

/** A bar with the rate and the time left on a terminal, a line every few seconds elsewhere. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? new BarProgress(stream) : new LineProgress(stream);
}

class BarProgress implements Progress {
  readonly #bar: bars.SingleBar;
  #startedAt = 0;
  #events = 0;

  constructor(stream: NodeJS.WriteStream) {
    const format = "  {bar} {percentage} % · {events} events · {rate} events/s · {eta_formatted} left";
    this.#bar = new bars.SingleBar(
      { format, stream, barsize: 30, hideCursor: true, etaBuffer: 50 },
      bars.Presets.shades_classic,
    );
  }

  start(total: number): void {
    this.#startedAt = performance.now();
    this.#bar.start(total, 0, { events: "0", rate: "0" });
  }

  advance(amount: number, events: number): void {
    this.#events += events;
    const rate = (this.#events / (performance.now() - this.#startedAt)) * 1000;
    this.#bar.increment(amount, { events: count(this.#events), rate: count(Math.round(rate)) });
  }

  stop(): void {
    this.#bar.stop();
  }
}

class LineProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #total = 0;
  #done = 0;
  #events = 0;
  #startedAt = 0;
  #lineAt = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  start(total: number): void {
    this.#total = total;
    this.#startedAt = performance.now();
    this.#lineAt = this.#startedAt;
  }

  advance(amount: number, events: number): void {
    this.#done += amount;
    this.#events += events;
    const now = performance.now();
    if (now - this.#lineAt < LINE_EVERY_MS) return;
    this.#lineAt = now;
    const seconds = (now - this.#startedAt) / 1000;
    const share = Math.min(this.#done / this.#total, 1);
    const left = Math.round(seconds / share - seconds);
    this.#stream.write(
      `${Math.round(share * 100)} % · ${count(this.#events)} events · ${count(Math.round(this.#events / seconds))} events/s · ${left} s left\n`,
    );
  }

  stop(): void {}
}

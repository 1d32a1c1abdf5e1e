/** Shows how far a long piece of work is. */
export interface Progress {
  start(total: number): void;
  /** `amount` of the total is done, and `events` with it. */
  advance(amount: number, events: number): void;
  stop(): void;
}

/** Shows nothing. */
export const silent: Progress = { start() {}, advance() {}, stop() {} };

/** One measured figure. */
export interface Result {
  name: string;
  value: number;
  unit: string;
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/**
 * The median times a second that each task does its `units`, in rounds where the tasks take turns, so that a noisy
 * neighbour meets all of them.
 */
export function rates(
  tasks: Record<string, { units: number; run: () => void }>,
  rounds = 9,
): Record<string, number> {
  const measured = Object.entries(tasks).map(([name, task]) => ({ name, ...task, found: [] as number[] }));
  // Long enough to be compiled, and for one round to take a while.
  for (const { run } of measured) for (let i = 0; i < 3; i++) run();
  for (let round = 0; round < rounds; round++) {
    for (const task of measured) {
      const start = performance.now();
      let times = 0;
      do {
        task.run();
        times++;
      } while (performance.now() - start < 150);
      task.found.push((task.units * times * 1000) / (performance.now() - start));
    }
  }
  return Object.fromEntries(measured.map(({ name, found }) => [name, median(found)]));
}

/** Prints results as a table. */
export function table(title: string, results: readonly Result[]): void {
  console.log(`\n${title}`);
  const width = Math.max(...results.map(({ name }) => name.length));
  for (const { name, value, unit } of results) {
    const digits = value >= 1000 ? 0 : value >= 10 ? 1 : 2;
    const text = value.toLocaleString("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    console.log(`  ${name.padEnd(width)}  ${text.padStart(12)} ${unit}`);
  }
}

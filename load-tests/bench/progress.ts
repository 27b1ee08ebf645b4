/** Prints progress to standard error, because standard output holds only the result. */
const startedAt = performance.now();

export function progress(line: string): void {
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)}s  ${line}\n`);
}

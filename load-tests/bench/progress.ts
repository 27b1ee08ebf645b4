/** Lines that say what goes on, on standard error, so that standard output holds the result alone. */
const startedAt = performance.now();

export function progress(line: string): void {
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)}s  ${line}\n`);
}

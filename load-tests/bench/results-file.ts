import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';

const directory = new URL('../results/', import.meta.url);

/** Writes `results/<name>-<time>.json`, which git ignores, with what a reader needs to judge it later. */
export async function writeResults(
  name: string,
  results: Readonly<Record<string, unknown>>,
): Promise<string> {
  await mkdir(directory, { recursive: true });
  const at = new Date().toISOString();
  const file = new URL(`${name}-${at.replace(/[:.]/g, '-')}.json`, directory);
  const machine = {
    node: process.version,
    kernel: release(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
  };
  await writeFile(file, `${JSON.stringify({ at, machine, ...results }, null, 2)}\n`);
  return `load-tests/results/${file.pathname.split('/').at(-1) ?? ''}`;
}

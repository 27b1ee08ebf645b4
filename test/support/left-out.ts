/** Vitest's global setup: prints at the end what was not run. With `CI=true` a missing program is a failure. */
import { fileURLToPath } from 'node:url';
import { filesLeftOut, missingParts, optionalParts } from './parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function setup(): void {
  const missing = missingParts().map(({ program }) => program);
  if (process.env.CI === 'true' && missing.length > 0)
    throw new Error(
      `run tests with CI=true: ${missing.join(', ')} not installed, CI needs all: run npm run setup first`,
    );
}

export function teardown(): void {
  const leftOut = filesLeftOut(root);
  if (leftOut.length === 0) return;
  console.log('\nNot run, because a program is missing (npm run setup installs it):');
  for (const { file, needs } of leftOut) console.log(`  ${file}: needs ${needs.map(nameOf).join(', ')}`);
}

function nameOf(program: string): string {
  const optional = optionalParts.find((part) => part.program === program);
  return optional === undefined ? program : `${program} (${optional.advice})`;
}

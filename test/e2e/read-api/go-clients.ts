/** The small Go programs in `test/e2e/clients`, each built on the library that real clients are built on. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { programFile } from '../../support/parts.ts';

const sources = fileURLToPath(new URL('../clients', import.meta.url));
const run = promisify(execFile);

/** Builds all of them, and the conformance tests of the distribution-spec, into a folder. */
export async function buildGoClients(folder: string): Promise<void> {
  const packages = ['./...', 'github.com/opencontainers/distribution-spec/conformance'];
  await run(programFile('go') ?? 'go', ['build', '-o', `${folder}/`, ...packages], { cwd: sources });
}

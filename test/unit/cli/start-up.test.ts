/** What a command loads before it runs: a gateway's code and its libraries take a second of a processor. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Imports that remain when the types are gone. Those in the midst of code are loaded later. */
const atOnce = /^(?:import|export) (?!type )(?:[^;']*? from )?'([^']+)'/gm;

/** Files that the program loads together with `entry`, and the packages among what they import. */
function loadedBy(entry: string): {
  readonly files: readonly string[];
  readonly packages: readonly string[];
} {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const [, name = ''] of readFileSync(join(root, file), 'utf8').matchAll(atOnce)) {
      if (name.startsWith('.')) files.add(join(dirname(file), name));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  }
  return { files: [...files], packages: [...packages].sort() };
}

describe('a start', () => {
  it('checks Node and hears signals before it loads anything that may fail on an old Node', () => {
    expect(loadedBy('src/main.ts')).toEqual({
      files: ['src/main.ts', 'src/cli/node-version.ts', 'src/cli/stop-signals.ts'],
      packages: [],
    });
  });

  it('loads the list of commands and none of them', () => {
    const { files, packages } = loadedBy('src/cli/process.ts');
    expect(files).toContain('src/cli/commands.ts');
    expect(files.length).toBeLessThan(20);
    expect(packages).toEqual([]);
  });

  it.each(['watch', 'publish', 'doctor'])('of %s loads nothing of the gateway but references', (name) => {
    const { files, packages } = loadedBy(`src/cli/${name}/command.ts`);
    expect(files).toContain('src/cli/connection.ts');
    expect(
      files.filter((file) => !/^(?:client|src\/(?:cli|event|lib))\/|^src\/errors\.ts$/.test(file)),
    ).toEqual(['src/config/settings/quantities.ts']);
    expect(packages.filter((each) => !['eventsource-parser', 'semver'].includes(each))).toEqual([]);
  });

  it('of serve loads the gateway', () => {
    const { files, packages } = loadedBy('src/cli/serve-command.ts');
    expect(files.length).toBeGreaterThan(200);
    expect(packages).toContain('fastify');
  });
});

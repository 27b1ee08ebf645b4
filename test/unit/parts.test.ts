import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isInstalled, needsOf, optionalParts, parts } from '../support/parts.ts';

/** Which support file starts which programs. */
const starters: Readonly<Record<string, readonly string[]>> = {
  'test/support/redis.ts': ['redis-server'],
  'test/support/docker-registry.ts': ['docker-registry'],
  'test/support/certificate.ts': ['openssl'],
  'test/e2e/dashboard/support/proxies.ts': ['nginx', 'haproxy'],
  'test/e2e/read-api/go-clients.ts': ['go'],
};

/** The programs that a file starts, itself or by what it imports. */
function started(file: string, trail: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  if (trail.has(file)) return new Set();
  const source = readFileSync(file, 'utf8');
  const found = new Set<string>(starters[file]);
  if (/chromium\.launch\(/.test(source)) found.add('chromium');
  for (const [, specifier = ''] of source.matchAll(/\bfrom '(\.[^']+)'/g)) {
    const imported = join(dirname(file), specifier);
    if (!imported.startsWith('test/')) continue;
    for (const program of started(imported, new Set([...trail, file]))) found.add(program);
  }
  return found;
}

describe('parts', () => {
  it('are named by each test file that starts one', () => {
    const wrong = globSync('test/**/*.test.ts').flatMap((file) => {
      const named = new Set(needsOf(readFileSync(file, 'utf8')));
      const missing = [...started(file)].filter((program) => !named.has(program));
      return missing.length === 0 ? [] : [`${file}: @needs ${missing.join(' ')}`];
    });
    expect(wrong).toEqual([]);
  });

  it('are known where a test file names one', () => {
    const known = new Set([...parts, ...optionalParts].map(({ program }) => program));
    const unknown = globSync('test/**/*.test.ts').flatMap((file) =>
      needsOf(readFileSync(file, 'utf8')).filter((program) => !known.has(program)),
    );
    expect(unknown).toEqual([]);
  });

  it('knows whether a program is installed', () => {
    expect(isInstalled('sh')).toBe(true);
    expect(isInstalled('no-such-program')).toBe(false);
  });
});

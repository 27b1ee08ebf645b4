/** What each folder of tests may start: test/unit nothing; test/gateway a server or a worker, but no process. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** How a file listens, runs a gateway or a part of it as a server, or starts SQLite's worker. */
const serving = [
  /\.inject\(/,
  /\bimport \{[^}]*\b(openSqliteLedger|openLedger)\b/,
  /\bcreate(Secure)?Server\(/,
  /\.listen\(/,
  /from 'node:(http|https|net|tls)'/,
  /\bimport \{[^}]*\bstartGateway\b/,
];
/** How a file starts another process. */
const spawning = [/from 'node:child_process'/, /\bchromium\.launch\(/, /\bimport \{[^}]*\bspawnGateway\b/];

/** It can do both; the names that a file imports from it say which. */
const gatewaySupport = 'test/support/gateway.ts';

/** The files through which `file` does one of `acts`: itself, or what it imports of the tests. */
function culprits(file: string, acts: readonly RegExp[], seen: Set<string> = new Set()): readonly string[] {
  if (seen.has(file) || file === gatewaySupport || file === 'test/unit/test-layout.test.ts') return [];
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  const own = acts.some((act) => act.test(source)) ? [file] : [];
  const imported = [...source.matchAll(/^(?:import|export) (?!type )[^;]*?\bfrom '(\.[^']+)'/gm)]
    .map(([, specifier = '']) => join(dirname(file), specifier))
    .filter((path) => path.startsWith('test/'));
  return [...own, ...imported.flatMap((path) => culprits(path, acts, seen))];
}

function wrong(pattern: string, acts: readonly RegExp[]): readonly string[] {
  return globSync(pattern).flatMap((file) => culprits(file, acts).map((by) => `${file}: ${by}`));
}

describe('the folders of tests', () => {
  it('test/unit starts no server, no gateway, no worker and no other process', () => {
    expect(wrong('test/unit/**/*.test.ts', [...serving, ...spawning])).toEqual([]);
  });

  it('test/gateway starts no other process', () => {
    expect(wrong('test/gateway/**/*.test.ts', spawning)).toEqual([]);
  });

  it('recognises what starts something', () => {
    expect(culprits('test/e2e/start.test.ts', spawning)).toContain('test/e2e/start.test.ts');
    expect(culprits('test/support/poll-rig.ts', [...serving, ...spawning])).toEqual([]);
    expect(culprits('test/contract/registry-fake.test.ts', serving)).toContain(
      'test/support/fake-registry.ts',
    );
    expect(wrong('test/gateway/**/*.test.ts', serving).length).toBeGreaterThan(20);
  });
});

import { describe, expect, it } from 'vitest';
import { parsePrefix } from '../../../../src/http/read/prefix.ts';
import { withinOf } from '../../../../src/http/read/within.ts';
import { isWithin } from '../../../../src/ledger/queries.ts';

const keys = [
  'docker.io/library/nginx',
  'docker.io/library/nginx-x',
  'docker.io/nginx/ingress',
  'ghcr.io/a',
  'ghcr.io/a-b/c',
  'ghcr.io/a/b',
  'ghcr.io/a/b/c',
  'localhost/x',
  'localhost:5000/x',
];

describe('parsePrefix', () => {
  it.each([
    ['nginx', ['docker.io/library/nginx', 'docker.io/nginx/ingress']],
    ['library', ['docker.io/library/nginx', 'docker.io/library/nginx-x']],
    ['docker.io', keys.slice(0, 3)],
    ['Docker.IO/library/nginx', ['docker.io/library/nginx']],
    ['index.docker.io/nginx/', ['docker.io/library/nginx', 'docker.io/nginx/ingress']],
    ['ghcr.io/a', ['ghcr.io/a', 'ghcr.io/a/b', 'ghcr.io/a/b/c']],
    ['ghcr.io/a/b/c', ['ghcr.io/a/b/c']],
    ['ghcr.io', ['ghcr.io/a', 'ghcr.io/a-b/c', 'ghcr.io/a/b', 'ghcr.io/a/b/c']],
    ['localhost', ['localhost/x']],
    ['localhost:5000', ['localhost:5000/x']],
    ['quay.io', []],
  ])('%s holds %j', (text, expected) => {
    const prefix = parsePrefix(text, 'docker.io');
    expect(keys.filter((key) => prefix.holds(key))).toEqual(expected);
    const within = withinOf(prefix, { patterns: ['**'] });
    expect(expected.every((key) => isWithin(key, within))).toBe(true);
  });

  it.each(['', '/', 'a//b', 'A', 'a/../b', '..', 'a*', 'a@sha256:1', 'ghcr.io//', '-', 'é', 'a'.repeat(300)])(
    'refuses %j, naming the parameter',
    (text) => {
      expect(() => parsePrefix(text, 'docker.io', 'left')).toThrow(
        expect.objectContaining({ code: 'PARAMETER_INVALID', detail: { parameter: 'left' } }),
      );
    },
  );
});

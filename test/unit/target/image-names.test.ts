import { describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/event/reference.ts';
import { type ImageNames, imageNames } from '../../../src/target/image-names.ts';

const table: readonly [string, ImageNames][] = [
  [
    'nginx',
    {
      familiar: 'nginx',
      canonical: 'docker.io/library/nginx',
      watchtower: [
        'nginx',
        'library/nginx',
        'docker.io/nginx',
        'docker.io/library/nginx',
        'index.docker.io/nginx',
        'index.docker.io/library/nginx',
      ],
      argocd: { registry: 'docker.io', repository: 'nginx' },
      wud: { host: 'registry-1.docker.io', name: 'library/nginx' },
    },
  ],
  [
    'someone/app',
    {
      familiar: 'someone/app',
      canonical: 'docker.io/someone/app',
      watchtower: ['someone/app', 'docker.io/someone/app', 'index.docker.io/someone/app'],
      argocd: { registry: 'docker.io', repository: 'someone/app' },
      wud: { host: 'registry-1.docker.io', name: 'someone/app' },
    },
  ],
  [
    'docker.io/evil.example/app',
    {
      familiar: 'docker.io/evil.example/app',
      canonical: 'docker.io/evil.example/app',
      watchtower: ['docker.io/evil.example/app', 'index.docker.io/evil.example/app'],
      argocd: { registry: 'docker.io', repository: 'evil.example/app' },
      wud: { host: 'registry-1.docker.io', name: 'evil.example/app' },
    },
  ],
  [
    'ghcr.io/a/b',
    {
      familiar: 'ghcr.io/a/b',
      canonical: 'ghcr.io/a/b',
      watchtower: ['ghcr.io/a/b'],
      argocd: { registry: 'ghcr.io', repository: 'a/b' },
      wud: { host: 'ghcr.io', name: 'a/b' },
    },
  ],
  [
    'host:5000/a/b',
    {
      familiar: 'host:5000/a/b',
      canonical: 'host:5000/a/b',
      watchtower: ['host:5000/a/b', 'host'],
      argocd: { registry: 'host:5000', repository: 'a/b' },
      wud: { host: 'host:5000', name: 'a/b' },
    },
  ],
];

describe('the names of an image', () => {
  it.each(table)('of %s are as each tool spells them', (reference, names) => {
    expect(imageNames(parseReference(reference))).toEqual(names);
  });

  it.each(['index.docker.io/nginx', 'registry-1.docker.io/library/nginx', 'docker.io/nginx'])(
    'are the same for %s as for nginx',
    (reference) => {
      expect(imageNames(parseReference(reference))).toEqual(table[0]?.[1]);
    },
  );

  it('keep library/ before what is no image of Docker Hub itself', () => {
    expect(imageNames(parseReference('library/a/b')).familiar).toBe('library/a/b');
    expect(imageNames(parseReference('ghcr.io/library/a')).argocd.repository).toBe('library/a');
  });

  it('have no part of an IPv6 address alone', () => {
    expect(imageNames({ registry: '[::1]:5000', repository: 'a' }).watchtower).toEqual(['[::1]:5000/a']);
  });
});

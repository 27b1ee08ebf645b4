import { describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { isOfOnePlatform, readManifest } from '../../../src/event/manifest.ts';
import {
  isPlatformKey,
  maxPlatforms,
  movedBetween,
  parsePlatform,
  platformKey,
} from '../../../src/event/platform.ts';
import { digestOf, manifestType } from '../../support/ledger-samples.ts';

const indexType = 'application/vnd.oci.image.index.v1+json';
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const entry = (word: string, platform?: unknown) => ({ digest: digestOf(word), platform });
const indexOf = (...manifests: unknown[]) => bytesOf({ schemaVersion: 2, mediaType: indexType, manifests });
const linux = (architecture: string, variant?: string) => ({ os: 'linux', architecture, variant });

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['Linux/AMD64', 'linux/amd64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['windows/amd64', 'windows/amd64'],
  ])('takes %s as %s', (text, canonical) => {
    expect(parsePlatform(text)).toBe(canonical);
  });

  it.each([
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/amd64/',
    'linux/arm/v7/x',
    'linux/am d64',
    'linux/*',
    'unknown/unknown',
    'linux/ämd64',
    `linux/${'a'.repeat(10_000)}`,
  ])('refuses %j by the name of the parameter', (text) => {
    const refused = (() => {
      try {
        return parsePlatform(text);
      } catch (error) {
        return error;
      }
    })();
    if (!(refused instanceof ManifeedError)) throw new Error(`accepted: ${text}`);
    expect(refused).toMatchObject({ code: 'PARAMETER_INVALID', detail: { parameter: 'platform' } });
    expect(refused.message).toContain('must be os/architecture');
    expect(refused.message.length).toBeLessThan(400);
  });
});

describe('readManifest', () => {
  it('reads the platforms and children of an index, without what runs nowhere', () => {
    const content = readManifest(
      indexOf(
        entry('amd', linux('amd64')),
        entry('arm', linux('arm64', 'v8')),
        entry('seven', linux('arm', 'v7')),
        entry('attested', { os: 'unknown', architecture: 'unknown' }),
      ),
      null,
    );
    expect(content).toEqual({
      mediaType: indexType,
      children: ['amd', 'arm', 'seven', 'attested'].map(digestOf),
      platforms: {
        'linux/amd64': digestOf('amd'),
        'linux/arm64': digestOf('arm'),
        'linux/arm/v7': digestOf('seven'),
      },
    });
  });

  it('keeps the versions of Windows apart, and takes the first of two equal platforms as clients do', () => {
    const windows = (version: string) => ({ os: 'windows', architecture: 'amd64', 'os.version': version });
    const content = readManifest(
      indexOf(
        entry('old', windows('10.0.17763.1')),
        entry('new', windows('10.0.20348.1')),
        entry('first', linux('amd64')),
        entry('second', linux('amd64')),
      ),
      null,
    );
    expect(content?.platforms).toEqual({
      'windows(10.0.17763.1)/amd64': digestOf('old'),
      'windows(10.0.20348.1)/amd64': digestOf('new'),
      'linux/amd64': digestOf('first'),
    });
  });

  it.each([
    ['a manifest of one platform', bytesOf({ schemaVersion: 2, config: {}, layers: [] })],
    ['an index with an entry without platform', indexOf(entry('one', linux('amd64')), entry('two'))],
    ['an index with a platform without architecture', indexOf(entry('one', { os: 'linux' }))],
    [
      'an index with too many platforms',
      indexOf(...Array.from({ length: maxPlatforms + 1 }, (_, n) => entry(`w${n}`, linux(`cpu${n}`)))),
    ],
    ['an index with an entry without digest', indexOf({ platform: linux('amd64') })],
  ])('does not know the platforms of %s', (_, bytes) => {
    expect(readManifest(bytes, null)).toMatchObject({ platforms: null });
  });

  it('takes the media type from the manifest, else from the registry, else from its members', () => {
    expect(readManifest(bytesOf({ manifests: [] }), 'application/x')?.mediaType).toBe('application/x');
    expect(readManifest(bytesOf({ manifests: [] }), null)?.mediaType).toBe(indexType);
    expect(readManifest(bytesOf({ mediaType: 'not one' }), null)?.mediaType).toBe(manifestType);
    expect(isOfOnePlatform(manifestType)).toBe(true);
    expect(isOfOnePlatform(indexType)).toBe(false);
  });

  it.each(['', '[]', 'null', '{', '"text"'])('reads nothing from %j', (text) => {
    expect(readManifest(Buffer.from(text), null)).toBeNull();
  });
});

describe('movedBetween', () => {
  it('names what changed, came and went, once for all versions of a system', () => {
    const before = {
      'linux/amd64': digestOf('a'),
      'linux/arm64': digestOf('b'),
      'linux/riscv64': digestOf('c'),
      'windows(1)/amd64': digestOf('d'),
      'windows(2)/amd64': digestOf('e'),
    };
    const after = {
      'linux/amd64': digestOf('a'),
      'linux/arm64': digestOf('other'),
      'linux/s390x': digestOf('f'),
      'windows(1)/amd64': digestOf('x'),
      'windows(3)/amd64': digestOf('e'),
    };
    expect(movedBetween(before, after)).toEqual([
      'linux/arm64',
      'linux/riscv64',
      'linux/s390x',
      'windows/amd64',
    ]);
    expect(movedBetween(before, before)).toEqual([]);
  });
});

describe('isPlatformKey', () => {
  it('takes what an index was read to hold, and nothing else', () => {
    const key = platformKey({ os: 'windows', architecture: 'amd64', version: '10.0.1' });
    expect([key, 'linux/amd64', 'linux/arm/v7'].every((text) => isPlatformKey(text ?? ''))).toBe(true);
    for (const text of [
      '',
      'linux',
      'linux/arm64/v8',
      'Linux/amd64',
      '__proto__',
      'a/b/c/d',
      'windows()/amd64',
    ])
      expect([text, isPlatformKey(text)]).toEqual([text, false]);
  });
});

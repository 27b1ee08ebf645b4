/** The store of manifests: `src/ledger/manifests.ts`. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Digest, parseDigest } from '../../src/event/digest.ts';
import { type Manifest, maxChildren, maxParents } from '../../src/ledger/manifests.ts';
import { digestOf, manifestType } from '../support/ledger-samples.ts';
import { limits, type World } from './ledger-world.ts';

/** Lowered, so that the suite can overflow them; every implementation must honour them. */
const manifestLimits = { maxManifestBytes: 100, maxManifestsBytes: 250, maxManifests: 8 };

export function manifestContract(world: World, survives: boolean): void {
  const begin = () => world.begin({ limits: { ...limits, ...manifestLimits } });
  const put = (manifest: Manifest) => world.ledger.manifests.put(manifest);
  const get = (digest: Digest) => world.ledger.manifests.get(digest);
  const kept = async (...manifests: Manifest[]) => {
    const found = [];
    for (const { digest } of manifests) found.push((await get(digest))?.bytes?.length ?? null);
    return found;
  };

  describe('manifests', () => {
    test('come back as they were kept, bytes and all', async () => {
      await begin();
      const one = manifestOf('one', {
        children: [digestOf('x')],
        platforms: { 'linux/amd64': digestOf('x') },
      });
      await put(one);
      expect(await get(one.digest)).toEqual(one);
      expect(await get(digestOf('none'))).toBeNull();
    });

    test('lose nothing to a call that knows less', async () => {
      await begin();
      const one = manifestOf('one', {
        children: [digestOf('x')],
        platforms: { 'linux/amd64': digestOf('x') },
      });
      const bare = { ...one, bytes: null, children: [], platforms: null };
      await put(bare);
      expect(await get(one.digest)).toEqual(bare);
      await put(one);
      await put(bare);
      expect(await get(one.digest)).toEqual(one);
    });

    test('of other bytes than the digest says are refused', async () => {
      await begin();
      const one = manifestOf('one');
      await expect(put({ ...one, bytes: Buffer.from('other') })).rejects.toThrow(
        'must be the bytes of the digest',
      );
      expect(await get(one.digest)).toBeNull();
    });

    test('too large for the store are kept without bytes', async () => {
      await begin();
      const large = manifestOf('x'.repeat(101));
      await put(large);
      expect(await get(large.digest)).toEqual({ ...large, bytes: null });
    });

    test('of more bytes in all lose the bytes of those asked for longest ago, not what they are', async () => {
      await begin();
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => manifestOf(letter.repeat(80)));
      if (a === undefined || b === undefined || c === undefined || d === undefined)
        throw new Error('four are made');
      for (const one of [a, b, c]) await put(one);
      await get(a.digest);
      await put(d);
      expect(await kept(a, b, c, d)).toEqual([80, null, 80, 80]);
      expect(await get(b.digest)).toMatchObject({ mediaType: manifestType, size: 80 });
      await put(b);
      expect((await kept(a, b, c, d)).filter((bytes) => bytes !== null)).toHaveLength(3);
    });

    test('of more digests than the bound are forgotten, those asked for longest ago first', async () => {
      await begin();
      const many = Array.from({ length: 8 }, (_, i) =>
        manifestOf(`m${i}`, { children: [digestOf('child')] }),
      );
      for (const one of many) await put(one);
      const [first, second] = many;
      if (first === undefined || second === undefined) throw new Error('eight are made');
      await get(first.digest);
      await put(manifestOf('new'));
      expect(await get(second.digest)).toBeNull();
      expect(await get(first.digest)).toEqual(first);
      expect(await world.ledger.manifests.parents(digestOf('child'))).not.toContain(second.digest);
    });

    test('have the indexes that name them as parents, the newest of many', async () => {
      await world.begin({ limits: { ...limits, maxManifests: maxParents + 10 } });
      const child = digestOf('child');
      const indexes = Array.from({ length: maxParents + 5 }, (_, i) =>
        manifestOf(`i${i}`, { children: [child] }),
      );
      for (const one of indexes) await put(one);
      const parents = await world.ledger.manifests.parents(child);
      expect(new Set(parents)).toEqual(new Set(indexes.slice(5).map(({ digest }) => digest)));
      expect(await world.ledger.manifests.parents(digestOf('none'))).toEqual([]);
    });

    test('have a bounded number of children', async () => {
      await begin();
      const children = Array.from({ length: maxChildren + 1 }, (_, i) => digestOf(`child ${i}`));
      const large = manifestOf('large', { children });
      await put(large);
      expect((await get(large.digest))?.children).toEqual(children.slice(0, maxChildren));
    });

    test('may be fetched by whoever claims one, and again when it is given back', async () => {
      await begin();
      const { manifests } = world.ledger;
      const one = digestOf('one');
      await manifests.release(one);
      expect(await manifests.claim(one, 60_000)).toBe(true);
      expect(await manifests.claim(digestOf('two'), 60_000)).toBe(true);
      await manifests.release(one);
      expect(await manifests.claim(one, 0.5)).toBe(true);
    });

    if (survives)
      test('are there after opening again, and so are their platforms', async () => {
        await begin();
        const one = manifestOf('one', {
          children: [digestOf('x')],
          platforms: { 'linux/amd64': digestOf('x') },
        });
        await put(one);
        await world.reopen();
        expect(await get(one.digest)).toEqual(one);
        expect(await world.ledger.manifests.parents(digestOf('x'))).toEqual([one.digest]);
      });
  });
}

function manifestOf(text: string, more: Partial<Manifest> = {}): Manifest {
  const bytes = Buffer.from(text);
  const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  if (digest === null) throw new Error('make a digest: the hash is malformed');
  return {
    digest,
    mediaType: manifestType,
    size: bytes.length,
    bytes,
    children: [],
    platforms: null,
    ...more,
  };
}

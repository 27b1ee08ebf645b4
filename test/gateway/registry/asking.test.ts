/** What the registry read API asks of registries, and what it remembers of their answers. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDigest } from '../../../src/event/digest.ts';
import type { Observation } from '../../../src/event/observation.ts';
import { Manifests, maxFetches } from '../../../src/registry/manifests.ts';
import { Tags } from '../../../src/registry/tags.ts';
import { newTally } from '../../../src/registry/tally.ts';
import { FetchOnce } from '../../../src/source/platforms/fetch-once.ts';
import { KnownManifests } from '../../../src/source/platforms/manifests.ts';
import { type FacadeWorld, facadeWorld } from '../../support/facade-world.ts';
import { registryHeaders } from '../../support/registry-headers.ts';

let world: FacadeWorld;

beforeEach(async () => {
  world = await facadeWorld();
});
afterEach(() => world.close());

const heads = () => world.registry.count('HEAD manifests');
const digestOf = (letter: string) => {
  const digest = parseDigest(`sha256:${letter.repeat(64)}`);
  if (digest === null) throw new Error('must be a digest');
  return digest;
};

describe('an answer about a tag', () => {
  it('is recorded as a look: the row is as certain as after a poll', async () => {
    await world.push('1');
    world.pass(120_000);
    const tags = new Tags(world.parts());
    await tags.resolve(world.named(), '1', newTally());
    const [row] = await world.ledger.states([{ ...world.named().repository, tag: '1' }]);
    expect(row).toMatchObject({ mediaType: expect.any(String), size: expect.any(Number) });
    expect(row?.checkedAgeMs).toBeLessThan(60_000);
    // Another gateway of the same ledger needs no question.
    await new Tags(world.parts()).resolve(world.named(), '1', newTally());
    expect(heads()).toBe(1);
  });

  it('is what waits for its platforms, at every gateway of the ledger, also after the registry was asked', async () => {
    await world.push('1');
    const waits = (observation: object) =>
      world.ledger.record([
        { ...world.named().repository, tag: '1', awaits: 'platforms', ...observation } as Observation,
      ]);
    const resolve = async () =>
      (await new Tags(world.parts()).resolve(world.named(), '1', newTally())).digest;
    const told = { kind: 'tag', digest: digestOf('b'), mediaType: 'a/b', size: 7, origin: 'webhook:test' };
    expect((await waits(told)).outcomes).toEqual(['waiting']);
    expect(await resolve()).toBe(told.digest);
    expect(heads()).toBe(0);
    world.pass(120_000);
    // What one gateway hears from the registry waits behind it, and the others answer that.
    const { digest } = world.registry.push('app', '1', 'moved');
    expect(await resolve()).toBe(digest);
    expect(await resolve()).toBe(digest);
    expect(heads()).toBe(1);
    await waits({ kind: 'tag-gone', origin: 'webhook:test' });
    await expect(resolve()).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  describe('that comes after a webhook has told what is newer', () => {
    /** Asks for a tag, and lets `meanwhile` happen after the registry has looked and before its answer is there. */
    async function overtaken(meanwhile: () => Promise<unknown>, times = 1) {
      const tags = new Tags(world.parts());
      let left = times;
      world.registry.faults.push((request, response) => {
        if (request.method !== 'HEAD' || left === 0) return false;
        left -= 1;
        const digest = world.registry.digestOf('app', '1') ?? '';
        const about = { 'content-type': 'a/b', 'content-length': 9, 'docker-content-digest': digest };
        const headers = digest === '' ? registryHeaders : about;
        world.pass(10);
        void meanwhile().then(() => response.writeHead(digest === '' ? 404 : 200, headers).end());
        return true;
      });
      return tags.resolve(world.named(), '1', newTally());
    }
    const recorded = (observation: object) =>
      world.ledger.record([
        { ...world.named().repository, tag: '1', origin: 'webhook:test', ...observation } as Observation,
      ]);

    it('is asked for again, as long as the row alone does not say all', async () => {
      await world.push('1');
      world.pass(120_000);
      let moved = '';
      const { digest } = await overtaken(async () => {
        moved = world.registry.push('app', '1', 'moved').digest;
        await recorded({ kind: 'tag', digest: moved, mediaType: null, size: null });
      });
      expect(digest).toBe(moved);
      expect(heads()).toBe(2);
    });

    it('is that of the row, if this says all', async () => {
      await world.push('1');
      world.pass(120_000);
      const moved = digestOf('b');
      const found = await overtaken(() =>
        recorded({ kind: 'tag', digest: moved, mediaType: 'a/b', size: 7 }),
      );
      expect(found).toEqual(expect.objectContaining({ digest: moved, size: 7 }));
      expect(heads()).toBe(1);
    });

    it('is that the tag is gone, or that it is back', async () => {
      await world.push('1');
      world.pass(120_000);
      const gone = overtaken(() => recorded({ kind: 'tag-gone' }));
      await expect(gone).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
      world.pass(120_000);
      world.registry.remove('app', '1');
      const back = overtaken(() =>
        recorded({ kind: 'tag', digest: digestOf('c'), mediaType: 'a/b', size: 7 }),
      );
      expect(await back).toMatchObject({ digest: digestOf('c') });
    });

    it('is refused if that happens again and again', async () => {
      await world.push('1');
      world.pass(120_000);
      let n = 0;
      const found = overtaken(async () => {
        n += 1;
        await recorded({ kind: 'tag', digest: digestOf(`${n}`), mediaType: null, size: null });
      }, 99);
      await expect(found).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' });
      expect(n).toBe(3);
    });
  });

  it('does not go back, though another gateway asked later and its registry answered earlier', async () => {
    await world.push('1');
    world.pass(120_000);
    const held: (() => void)[] = [];
    const answerWith = (response: ServerResponse) => {
      const digest = world.registry.digestOf('app', '1') ?? '';
      const about = { 'content-type': 'a/b', 'content-length': 9, 'docker-content-digest': digest };
      const headers = digest === '' ? registryHeaders : about;
      return () => response.writeHead(200, headers).end();
    };
    // The first question is answered as of the end, the second one as of when it came.
    world.registry.faults.push((_request, response) => {
      if (held.length > 1) return false;
      const now = answerWith(response);
      held.push(held.length === 0 ? () => answerWith(response)() : now);
      return true;
    });
    const [first, second] = [new Tags(world.parts()), new Tags(world.parts())];
    const resolve = async (tags: Tags) => (await tags.resolve(world.named(), '1', newTally())).digest;
    const early = resolve(first);
    await world.registry.reached('HEAD manifests', 1);
    world.pass(10);
    const late = resolve(second);
    await world.registry.reached('HEAD manifests', 2);
    const { digest } = world.registry.push('app', '1', 'moved');
    held[0]?.();
    expect(await early).toBe(digest);
    held[1]?.();
    expect([await late, await resolve(first), await resolve(second)]).toEqual([digest, digest, digest]);
    const { changes } = await world.ledger.read(0, 10);
    expect(changes.map((change) => change.type)).toEqual(['tag.created', 'tag.updated']);
  });

  it('is remembered for a bounded number of names, the newest', async () => {
    const tags = new Tags(world.parts({ onDemand: true }, 2));
    const miss = (name: string) =>
      expect(tags.resolve(world.named(name), '1', newTally())).rejects.toMatchObject({ status: 404 });
    for (const name of ['a', 'b', 'c', 'c', 'b']) await miss(name);
    expect(heads()).toBe(3);
    await miss('a');
    expect(heads()).toBe(4);
  });

  it('that a polled tag is gone is left to the poller, which may know that most are', async () => {
    await world.close();
    world = await facadeWorld({ watch: ['*'] });
    await world.push('1');
    // The row and the answer must not be of the same millisecond.
    world.pass(1_000);
    world.registry.remove('app', '1');
    const tags = new Tags(world.parts());
    for (let n = 0; n < 3; n += 1)
      await expect(tags.resolve(world.named(), '1', newTally())).rejects.toMatchObject({ status: 404 });
    expect(heads()).toBe(1);
    expect(await world.tags()).toHaveLength(1);
  });

  it('that is none opens the breaker, which the poller heeds too', async () => {
    const tags = new Tags(world.parts({ onDemand: true }));
    world.registry.faults.push((_request, response) => {
      response.writeHead(500).end();
      return true;
    });
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await expect(tags.resolve(world.named(name), '1', newTally())).rejects.toMatchObject({ status: 429 });
    expect(world.poller.upstreamOf(world.registry.host)?.breakerMode).toBe('open');
    await expect(tags.resolve(world.named('f'), '1', newTally())).rejects.toMatchObject({ status: 429 });
    expect(heads()).toBe(5);
  });

  it('without credentials for it is as none of a repository that is not known', async () => {
    const tags = new Tags(world.parts({ onDemand: true }));
    await world.push('1');
    world.registry.faults.push((_request, response) => {
      response.writeHead(401).end();
      return true;
    });
    await expect(tags.resolve(world.named('none'), '1', newTally())).rejects.toMatchObject({
      code: 'NAME_UNKNOWN',
    });
    await expect(tags.resolve(world.named(), '1', newTally())).rejects.toMatchObject({ status: 429 });
  });
});

describe('an answer about a digest', () => {
  it('that it is not there is remembered for a bounded number of digests, and within maxAge', async () => {
    await world.push('1');
    const manifests = new Manifests(world.parts({}, 2));
    const miss = (letter: string) =>
      expect(manifests.find(world.named(), digestOf(letter), newTally())).rejects.toMatchObject({
        code: 'MANIFEST_UNKNOWN',
      });
    for (const letter of ['a', 'b', 'c', 'c', 'b']) await miss(letter);
    expect(heads()).toBe(3);
    await miss('a');
    expect(heads()).toBe(4);
    world.pass(61_000);
    await miss('a');
    expect(heads()).toBe(5);
  });
});

describe('manifests that are fetched at once', () => {
  it('are few: each may have 4 MiB', async () => {
    const manifests = new Manifests(world.parts());
    const held: (() => void)[] = [];
    world.registry.faults.push((_request, response) => {
      held.push(() => response.writeHead(404, registryHeaders).end());
      return true;
    });
    const read = (n: number) => {
      const digest = parseDigest(`sha256:${String(n).padStart(64, '0')}`);
      if (digest === null) throw new Error('must be a digest');
      return manifests.read(world.named(), { digest, mediaType: null, size: null }, newTally());
    };
    const first = Array.from({ length: maxFetches }, (_, n) => read(n));
    while (held.length === 0) await new Promise((pass) => setImmediate(pass));
    await expect(read(maxFetches)).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' });
    world.registry.faults.length = 0;
    for (const answer of held) answer();
    expect(await Promise.all(first)).toEqual(first.map(() => null));
    expect(await read(maxFetches)).toBe(null);
  });
});

describe('a manifest that two want at the same time', () => {
  /** Gateways of one store: one of them has the claim of a digest. And a registry that answers no GET until `answer`. */
  function gateways() {
    const store = world.ledger.manifests;
    const claims = new Map<string, FetchOnce>();
    const gateway = () => {
      const once: FetchOnce = new FetchOnce({
        clock: world.clock,
        store: {
          get: (digest) => store.get(digest),
          claim: async (digest) => {
            if (!claims.has(digest)) claims.set(digest, once);
            return claims.get(digest) === once;
          },
          release: async (digest) => {
            if (claims.get(digest) === once) claims.delete(digest);
          },
        },
      });
      return { once, manifests: new Manifests({ ...world.parts(), once }) };
    };
    const held = Promise.withResolvers<void>();
    world.registry.faults.push((request, response) => {
      if (request.method !== 'GET') return false;
      void held.promise.then(() => {
        const { body, mediaType } = manifest;
        if (request.url?.includes('/app/') === true)
          response.writeHead(200, { 'content-type': mediaType }).end(body);
        else response.writeHead(403).end();
      });
      return true;
    });
    const manifest = world.registry.push('app', '1', 'one');
    const digest = parseDigest(manifest.digest);
    if (digest === null) throw new Error('must be a digest');
    const read = async ({ manifests }: ReturnType<typeof gateway>, repository = 'app') => {
      const read = await manifests.read(
        world.named(repository),
        { digest, mediaType: null, size: null },
        newTally(),
      );
      return Buffer.from(read?.bytes ?? []).toString();
    };
    return { gateway, read, digest, body: manifest.body, answer: () => held.resolve() };
  }
  const gets = () => world.registry.count('GET manifests');

  it('is fetched by one of two gateways, and the other one takes it from the store', async () => {
    const { gateway, read, body, answer } = gateways();
    const first = read(gateway());
    await world.registry.reached('GET manifests', 1);
    const second = read(gateway());
    answer();
    expect(await Promise.all([first, second])).toEqual([body, body]);
    expect(gets()).toBe(1);
  });

  it('is fetched once for a client and for the platforms of a change', async () => {
    const { gateway, read, digest, body, answer } = gateways();
    const one = gateway();
    const known = new KnownManifests(world.ledger.manifests, world.poller, one.once);
    const asked = { ...world.named().repository, digest, mediaType: null };
    const platforms = known.platformsOf(asked, 5_000, new AbortController().signal);
    await world.registry.reached('GET manifests', 1);
    const got = read(one);
    answer();
    await platforms;
    expect(await got).toBe(body);
    expect(gets()).toBe(1);
  });

  it('is asked of each repository, if the registry refuses the first', async () => {
    const { gateway, read, body, answer } = gateways();
    const one = gateway();
    const refused = read(one, 'secret').catch((error: { code: string }) => error.code);
    await world.registry.reached('GET manifests', 1);
    const got = read(one);
    answer();
    expect([await refused, await got]).toEqual(['TOOMANYREQUESTS', body]);
    expect(gets()).toBe(2);
  });
});

describe('a registry that tells no length of a HEAD', () => {
  it('is asked for the manifest once, whose length is told', async () => {
    const manifest = world.registry.push('app', '1', 'one');
    world.registry.faults.push((request, response) => {
      if (request.method !== 'HEAD') return false;
      response
        .writeHead(200, { 'docker-content-digest': manifest.digest, 'transfer-encoding': 'chunked' })
        .end();
      return true;
    });
    const parts = world.parts({ onDemand: true });
    const [tags, manifests] = [new Tags(parts), new Manifests(parts)];
    for (let n = 0; n < 2; n += 1) {
      const part = await tags.resolve(world.named(), '1', newTally());
      expect(await manifests.describe(world.named(), part, newTally())).toMatchObject({
        digest: manifest.digest,
        mediaType: manifest.mediaType,
        size: manifest.body.length,
      });
    }
    expect(world.registry.count('GET manifests')).toBe(1);
  });
});

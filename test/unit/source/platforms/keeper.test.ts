import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import type { Digest } from '../../../../src/event/digest.ts';
import { MemoryManifests } from '../../../../src/ledger/memory/manifests.ts';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import { FetchOnce } from '../../../../src/source/platforms/fetch-once.ts';
import { ManifestKeeper, maxWaiting } from '../../../../src/source/platforms/keeper.ts';
import { type Asked, KnownManifests } from '../../../../src/source/platforms/manifests.ts';
import { wantedOf } from '../../../../src/source/platforms/wanted.ts';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { indexOf } from '../../../support/index-of.ts';
import { digestOf } from '../../../support/ledger-samples.ts';

const about = { registry: 'r.test', repository: 'team/app' };
const image = indexOf({ 'linux/amd64': 'a' });
const watch = { tags: ['1.*'], platforms: false, manifests: false };
const wanted = wantedOf({
  registries: [
    { host: 'r.test', platforms: false },
    { host: 'whole.test', platforms: true },
  ],
  watch: [
    { ...watch, repository: 'r.test/team/app', manifests: true },
    { ...watch, repository: 'r.test/team/platforms', platforms: true },
    { ...watch, repository: 'nginx', tags: ['*'], platforms: true, manifests: true },
  ],
  defaultRegistry: 'docker.io',
});

describe('wantedOf', () => {
  it.each([
    ['r.test', 'team/platforms', '1.2', true, false],
    ['r.test', 'team/platforms', 'latest', false, false],
    ['r.test', 'team/app', '1.2', false, true],
    ['whole.test', 'any/thing', 'x', true, false],
    ['docker.io', 'library/nginx', 'latest', false, false],
  ])('of %s/%s:%s: platforms %j, manifests %j', (registry, repository, tag, platforms, manifests) => {
    expect(wanted.platforms.of(registry, repository, tag)).toBe(platforms);
    expect(wanted.manifests.of(registry, repository, tag)).toBe(manifests);
  });

  it('says whether anything is wanted at all', () => {
    expect(wanted.platforms.isAny && wanted.manifests.isAny).toBe(true);
    const none = wantedOf({
      registries: [{ host: 'r.test', platforms: false }],
      watch: [],
      defaultRegistry: 'r.test',
    });
    expect(none.platforms.isAny || none.manifests.isAny).toBe(false);
  });
});

function makeRig(
  answer: (digest: Digest) => Promise<{ digest: Digest; mediaType: string; bytes: Buffer } | null>,
) {
  const store = new MemoryManifests(defaultLimits);
  const clock = fakeClock();
  const metrics = countingMetrics();
  const asked: Digest[] = [];
  const source = {
    manifest(_: unknown, digest: Digest) {
      asked.push(digest);
      return answer(digest);
    },
  };
  const manifests = new KnownManifests(store, source, new FetchOnce({ store, clock }));
  const keeper = new ManifestKeeper({ wanted: wanted.manifests, manifests, metrics });
  return { store, metrics, asked, manifests, keeper };
}

const change = (tag: string, digest: Digest): Change => ({
  ...{ epoch: 'e', sequence: 1, type: 'tag.updated', ...about, tag, digest, previousDigest: null },
  ...{ mediaType: null, size: null, occurredAt: 0, recordedAt: 0, origin: 'poll' },
});

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
};

describe('the keeper', () => {
  it('fetches the manifest of a watched tag once, with its bytes, and of no other tag', async () => {
    const { keeper, store, asked } = makeRig(async () => image);
    keeper.take([change('1.2', image.digest), change('latest', digestOf('x')), change('1.3', image.digest)]);
    await settle();
    keeper.take([change('1.4', image.digest)]);
    await settle();
    expect(asked).toEqual([image.digest]);
    expect(await store.get(image.digest)).toMatchObject({ size: image.bytes.length, bytes: image.bytes });
    await keeper.close();
  });

  it('lets a bounded number wait, skips the rest, and goes on after failures', async () => {
    const gate = Promise.withResolvers<null>();
    const { keeper, asked, metrics } = makeRig(() => gate.promise);
    const many = Array.from({ length: maxWaiting + 10 }, (_, n) => change('1.2', digestOf(`w${n}`)));
    keeper.take(many);
    expect(metrics.value('manifests_kept_total')).toBe(10);
    await settle();
    gate.reject(new Error('away'));
    await keeper.close();
    expect(asked.length).toBe(4);
    expect(metrics.value('manifests_kept_total')).toBe(10 + asked.length);
  });
});

describe('known manifests', () => {
  it('are fetched once for all who ask at the same time', async () => {
    const gate = Promise.withResolvers<typeof image>();
    const { manifests, asked } = makeRig(() => gate.promise);
    const one: Asked = { ...about, digest: image.digest, mediaType: null };
    const { signal } = new AbortController();
    const both = [manifests.platformsOf(one, 10, signal), manifests.platformsOf(one, 10, signal)];
    await settle();
    gate.resolve(image);
    const [platforms, again] = await Promise.all(both);
    expect(Object.keys(platforms ?? {})).toEqual(['linux/amd64']);
    expect(again).toEqual(platforms);
    expect(asked).toHaveLength(1);
    // Now the store has it.
    expect(await manifests.platformsOf(one, 10, signal)).toEqual(platforms);
    expect(asked).toHaveLength(1);
  });
});

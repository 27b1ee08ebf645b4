import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../src/event/digest.ts';
import type { Manifest } from '../../../../src/ledger/manifests.ts';
import { MemoryManifests } from '../../../../src/ledger/memory/manifests.ts';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import { FetchOnce } from '../../../../src/source/platforms/fetch-once.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { indexOf } from '../../../support/index-of.ts';

const { digest, mediaType, bytes } = indexOf({ 'linux/amd64': 'a' });
const manifest: Manifest = { digest, mediaType, size: bytes.length, bytes, children: [], platforms: null };
const withinMs = 1_000;

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
};

/** Two gateways with one store; `claims` says who fetches. */
function openRig(beforeClaim?: () => Promise<unknown>) {
  const clock = fakeClock();
  const memory = new MemoryManifests(defaultLimits);
  const claims = new Map<Digest, string>();
  const asked: string[] = [];
  const gateway = (name: string) => {
    const once = new FetchOnce({
      clock,
      store: {
        get: (of) => memory.get(of),
        claim: async (of) => {
          await beforeClaim?.();
          if (!claims.has(of)) claims.set(of, name);
          return claims.get(of) === name;
        },
        release: async (of) => {
          if (claims.get(of) === name) claims.delete(of);
        },
      },
    });
    return (
      fetch: () => Promise<Manifest | null>,
      repository = 'team/app',
      signal = new AbortController().signal,
      isEnough: (known: Manifest) => boolean = () => true,
    ) =>
      once.get({ registry: 'r.test', repository, digest, withinMs, signal }, isEnough, () => {
        asked.push(`${name} ${repository}`);
        return fetch();
      });
  };
  const keep = async () => {
    await memory.put(manifest);
    return manifest;
  };
  return { clock, claims, asked, gateway, keep };
}

describe('a manifest', () => {
  it('that another gateway kept between the look at the store and the claim is not fetched again', async () => {
    const rig = openRig(() => rig.keep());
    expect(await rig.gateway('a')(() => Promise.reject(new Error('fetched again')))).toEqual(manifest);
    expect(rig.asked).toEqual([]);
    expect(rig.claims.size).toBe(0);
  });

  it('is fetched by one of two gateways; the other takes it from the store', async () => {
    const { clock, claims, asked, gateway, keep } = openRig();
    const gate = Promise.withResolvers<void>();
    const first = gateway('one')(() => gate.promise.then(keep));
    await settle();
    const second = gateway('two')(() => Promise.resolve(null));
    await settle();
    gate.resolve();
    await settle();
    clock.advance(100);
    expect([await first, await second]).toEqual([manifest, manifest]);
    expect(asked).toEqual(['one team/app']);
    expect(claims.size).toBe(0);
  });

  it('that another gateway claimed and never fetched is fetched after half of the time', async () => {
    const { clock, claims, asked, gateway, keep } = openRig();
    claims.set(digest, 'dead');
    const got = gateway('one')(keep);
    for (let waited = 0; waited < withinMs / 2; waited += 100) {
      expect(asked).toEqual([]);
      await settle();
      clock.advance(100);
    }
    expect(await got).toEqual(manifest);
    expect(claims.get(digest)).toBe('dead');
  });

  it('that a repository does not have is asked of another one, and once of each', async () => {
    const { asked, gateway, keep } = openRig();
    const get = gateway('one');
    const gate = Promise.withResolvers<null>();
    const missing = [get(() => gate.promise), get(() => gate.promise)];
    await settle();
    const other = get(keep, 'team/other');
    await settle();
    gate.resolve(null);
    expect(await Promise.all(missing)).toEqual([null, null]);
    expect(await other).toEqual(manifest);
    expect(asked).toEqual(['one team/app', 'one team/other']);
  });

  it('is fetched on when whoever began it waits no longer', async () => {
    const { asked, gateway, keep } = openRig();
    const get = gateway('one');
    const stop = new AbortController();
    const cut = new Promise<null>((resolve) => stop.signal.addEventListener('abort', () => resolve(null)));
    const first = get(() => cut, 'team/app', stop.signal);
    await settle();
    const second = get(keep);
    await settle();
    stop.abort();
    expect([await first, await second]).toEqual([null, manifest]);
    expect(asked).toHaveLength(2);
  });

  it('of which another one wants less is fetched for whoever wants its bytes', async () => {
    const { asked, gateway, keep } = openRig();
    const get = gateway('one');
    const gate = Promise.withResolvers<void>();
    const less = get(() => gate.promise.then(() => ({ ...manifest, bytes: null })));
    await settle();
    const more = get(keep, 'team/app', undefined, ({ bytes }) => bytes !== null);
    await settle();
    gate.resolve();
    expect([(await less)?.bytes, (await more)?.bytes]).toEqual([null, bytes]);
    expect(asked).toHaveLength(2);
  });

  it('whose fetch fails is free for the next', async () => {
    const { claims, gateway, keep } = openRig();
    const get = gateway('one');
    await expect(get(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(claims.size).toBe(0);
    expect(await get(keep)).toEqual(manifest);
  });
});
